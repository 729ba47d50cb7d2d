"""The partners that put files on SFTP servers, each with its own port, login and root folder."""

import asyncio
import hmac
import os
from pathlib import Path
from typing import IO

import asyncssh

from simulators.faults import Faults
from simulators.folder_partners import FOLDER_PARTNERS
from simulators.outboxes import OUTBOXES
from simulators.vocabulary import PARTNERS

SFTP_PARTNERS = tuple(partner for partner in PARTNERS if partner in OUTBOXES and partner not in FOLDER_PARTNERS)
KEY_LOGINS = ("hardship_system",)
"""Partners that know us by a key, not by a password."""
_DRIP_SECONDS = 0.1


async def listen(
    partner: str,
    password: str,
    root: Path,
    key: asyncssh.SSHKey,
    faults: Faults,
    port: int = 0,
    client_key: asyncssh.SSHKey | None = None,
) -> asyncssh.SSHAcceptor:
    """Start the partner's server; port 0 takes a free one. With `client_key` it takes that key, and no password.

    Faults are read at every request, except a changed host key: listen again for that.
    """
    root.mkdir(parents=True, exist_ok=True)

    class Login(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return client_key is None

        def validate_password(self, username: str, password_given: str) -> bool:
            agreed = faults.secret(partner, password)
            return username == partner and hmac.compare_digest(password_given.encode(), agreed.encode())

        def public_key_auth_supported(self) -> bool:
            return client_key is not None

        def validate_public_key(self, username: str, key_given: asyncssh.SSHKey) -> bool:
            agreed = client_key and client_key.public_data
            return username == partner and key_given.public_data == agreed and not faults.has(partner, "wrong_password")

    class Files(asyncssh.SFTPServer):
        def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(chan, chroot=os.fsencode(root))

        async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            await asyncio.sleep(faults.delay(partner))
            if faults.has(partner, "permission_denied"):
                raise asyncssh.SFTPPermissionDenied("Permission denied")
            return super().open(path, pflags, attrs)

        async def read(self, file: IO[bytes], offset: int, size: int) -> bytes:
            if offset + size > os.fstat(file.fileno()).st_size // 2 and faults.takes(partner, "reset"):
                self.channel.get_connection().abort()
            if faults.has(partner, "drip"):
                await asyncio.sleep(_DRIP_SECONDS)
                size = min(size, int(faults.value(partner, "drip")))
            return bytes(super().read(file, offset, size))

    host_key = asyncssh.generate_private_key("ssh-ed25519") if faults.has(partner, "host_key_changed") else key
    return await asyncssh.listen(
        "127.0.0.1", port, server_factory=Login, server_host_keys=[host_key], sftp_factory=Files, allow_scp=False
    )
