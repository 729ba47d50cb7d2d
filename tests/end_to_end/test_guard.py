import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from simulators.guard import Guard, Program

# A program that starts another in a session of its own, as daemons do.
FAMILY = ["bash", "-c", "setsid sleep 600 & sleep 600"]
HOLDER = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
from simulators.guard import Guard, Program
guard = Guard()
guard.start(Program("family", {family}, dict(os.environ), Path(os.devnull)))
time.sleep(600)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "GUARD_TEST": str(tmp_path)}


def sleepers(mark: str) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["name", "environ"])
        if process.info["name"] == "sleep" and (process.info["environ"] or {}).get("GUARD_TEST") == mark
    ]


def wait_for(count: int, mark: str) -> None:
    deadline = time.monotonic() + 120
    while len(sleepers(mark)) != count:
        assert time.monotonic() < deadline, f"{len(sleepers(mark))} left, {count} wanted"
        time.sleep(0.1)


def test_leaving_the_block_ends_the_whole_family(environment: dict[str, str]) -> None:
    with Guard() as guard:
        guard.start(Program("family", FAMILY, environment, Path(os.devnull)))
        wait_for(2, environment["GUARD_TEST"])
    assert sleepers(environment["GUARD_TEST"]) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_family_does_not_outlive_its_holder(environment: dict[str, str], number: signal.Signals) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER.format(family=FAMILY)], env=environment)
    try:
        wait_for(2, environment["GUARD_TEST"])
        holder.send_signal(number)
        holder.wait()
        wait_for(0, environment["GUARD_TEST"])
    finally:
        holder.kill()
        holder.wait()


def test_programs_started_at_once_all_start(environment: dict[str, str], tmp_path: Path) -> None:
    with Guard() as guard:
        for number in range(20):
            guard.start(Program(str(number), ["sleep", "600"], environment, Path(os.devnull)))
        wait_for(20, environment["GUARD_TEST"])
    assert sleepers(environment["GUARD_TEST"]) == []


def test_a_program_that_stops_is_told_of(environment: dict[str, str], tmp_path: Path) -> None:
    with Guard() as guard:
        guard.start(Program("brief", ["bash", "-c", "echo said"], environment, tmp_path / "log"))
        deadline = time.monotonic() + 120
        while not (ended := guard.ended()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert ended == ["brief"]
    assert (tmp_path / "log").read_text() == "said\n"
