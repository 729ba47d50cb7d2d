"""The two partners that put files on SFTP servers, each with its own port, login and root folder."""

import asyncio
import hashlib
import hmac
import os
from pathlib import Path

import asyncssh

from simulators.deliveries import Alteration, file_bytes, file_name
from simulators.faults import Faults
from simulators.vocabulary import PARTNERS
from simulators.world import Interval, World

SFTP_PARTNERS = ("maternity_hospital", "training_base")


def put_files(world: World, partner: str, root: Path, interval: Interval, faults: Faults, *, again: bool) -> None:
    """Write the interval's files below the partner's root, each in one move; `again` even where nothing has changed."""
    for feed in PARTNERS[partner]:
        path = root / file_name(partner, feed, interval)
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = file_bytes(world, partner, feed, interval, faults.alteration(partner, feed))
        if again or not path.exists() or path.read_bytes() != raw:
            _replace(path, raw)
        if partner == "training_base":
            whole = file_bytes(world, partner, feed, interval, Alteration())
            is_cut = faults.alteration(partner, feed).truncated
            digest = hashlib.sha256(whole if is_cut else raw).hexdigest()
            _replace(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n".encode())


def _replace(path: Path, raw: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(raw)
    part.replace(path)


async def listen(
    partner: str, password: str, root: Path, key: asyncssh.SSHKey, faults: Faults, port: int = 0
) -> asyncssh.SSHAcceptor:
    """Start the partner's server; port 0 takes a free one."""
    root.mkdir(parents=True, exist_ok=True)

    class Login(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password_given: str) -> bool:
            agreed = faults.secret(partner, password)
            return username == partner and hmac.compare_digest(password_given.encode(), agreed.encode())

    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(chan, chroot=os.fsencode(root))

        async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            await asyncio.sleep(faults.delay(partner))
            return super().open(path, pflags, attrs)

    return await asyncssh.listen(
        "127.0.0.1", port, server_factory=Login, server_host_keys=[key], sftp_factory=Files, allow_scp=False
    )
