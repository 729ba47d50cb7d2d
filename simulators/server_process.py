"""Database servers of other projects as child processes: a folder of their own, and an end when we end."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker_services.files import make_folder_of_process

_PR_SET_PDEATHSIG = 1


def make_home() -> Path:
    """A new folder for one server; those of runs that were killed are removed."""
    return make_folder_of_process("simulated-partners-")


def service_user() -> str | None:
    """The OS account for servers that refuse to run as root; None where we are not root."""
    return "nobody" if os.geteuid() == 0 else None


def hand_over(user: str | None, *paths: Path) -> None:
    """Give files to the account that the server runs under."""
    if user:
        account = pwd.getpwnam(user)
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)


def spawn(
    command: list[str],
    user: str | None,
    log: Path,
    *,
    at_parents_end: signal.Signals,
    standard_input: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server; the kernel sends it `at_parents_end` when we are gone, however that came about (Linux)."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "Asia/Shanghai"}
    with log.open("ab") as output, (standard_input or Path(os.devnull)).open("rb") as given:
        return subprocess.Popen(
            command,
            stdin=given,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=log.parent,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,  # a ^C at the terminal is ours to pass on
            preexec_fn=_end_with_parent(at_parents_end),
        )


@dataclass(frozen=True)
class HeldPort:
    """A loopback port that is nobody else's until it is closed, before and while the server it is for listens on it.

    Asked for a port and given it back, another would be handed the same one. Linux lets a server that sets
    SO_REUSEADDR, as servers do, listen on a port that is bound likewise and not listened on.
    """

    holder: socket.socket

    @property
    def number(self) -> int:
        return int(self.holder.getsockname()[1])

    def close(self) -> None:
        self.holder.close()


def hold_port() -> HeldPort:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return HeldPort(holder)


def _end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, number)

    return ask
