"""Runs programs that must not outlive the one who started them.

`Guard` starts a small supervisor process and holds a pipe to it. When the pipe closes, for whatever reason (a clean
stop, ^C, a crash, SIGKILL), the supervisor ends every program and everything that those programs started.
"""

import contextlib
import ctypes
import io
import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

PATIENCE_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Program:
    """One program to run: its name, its command line, its whole environment, and the file its output goes to."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path


class Guard:
    """A running supervisor. Use it in a `with` statement; `ended` names the programs that stopped by themselves."""

    def __init__(self) -> None:
        self._supervisor = subprocess.Popen(
            [sys.executable, "-m", "simulators.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that waits in a buffer is a line that select does not see
            start_new_session=True,
            cwd=Path(__file__).parents[1],
        )

    def start(self, program: Program) -> None:
        assert self._supervisor.stdin
        line = {
            "name": program.name,
            "command": program.command,
            "environment": dict(program.environment),
            "log": str(program.log),
        }
        rest = memoryview(json.dumps(line).encode() + b"\n")
        while rest:
            rest = rest[self._supervisor.stdin.write(rest) :]

    def ended(self) -> list[str]:
        """Names of the programs that have stopped since the last call. Raises RuntimeError when all have, at once."""
        assert self._supervisor.stdout
        names = []
        while select.select([self._supervisor.stdout], [], [], 0)[0]:
            name = self._supervisor.stdout.readline().decode().strip()
            if not name:
                raise RuntimeError("the supervisor itself has stopped, and with it every program")
            names.append(name)
        return names

    def stop(self) -> None:
        """End everything, and return when nothing is left."""
        assert self._supervisor.stdin
        self._supervisor.stdin.close()
        self._supervisor.wait()
        assert self._supervisor.stdout
        self._supervisor.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def supervise() -> None:
    """Start what standard input asks for, one JSON object a line, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = io.FileIO(sys.stdin.fileno(), "rb")
    signal.signal(signal.SIGTERM, lambda *_: orders.close())
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans come to this process, which will end them

    def die_with_supervisor() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if libc:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        while True:
            if select.select([orders], [], [], 0.2)[0]:
                line = orders.readline()
                if not line:
                    break
                asked = json.loads(line)
                with Path(asked["log"]).open("ab") as log:
                    running[asked["name"]] = subprocess.Popen(
                        asked["command"],
                        env=asked["environment"],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        preexec_fn=die_with_supervisor,
                    )
            for name in [name for name, process in running.items() if process.poll() is not None]:
                del running[name]
                print(name, flush=True)
    except (OSError, ValueError):
        pass  # standard input was closed by a signal
    finally:
        end_all(list(running.values()))


def end_all(programs: list[subprocess.Popen[bytes]]) -> None:
    """Ask the programs to end, then kill whatever descends from this process until nothing does."""
    me = psutil.Process()
    for program in programs:
        program.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for program in programs:
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(max(0.0, deadline - time.monotonic()))
    while left := [child for child in me.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]:
        for child in left:
            child.kill()
        psutil.wait_procs(left, timeout=1)


if __name__ == "__main__":
    supervise()
