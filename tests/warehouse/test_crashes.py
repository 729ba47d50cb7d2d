"""Builds, publishes and rollbacks that are killed, and a disk that is full: readers see one whole build or another."""

import itertools
import os
import random
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.warehouse.small_builds import ROWS, answer, fork, kill, make_build, readers_see, write_project
from worker_services.audit import ledger
from worker_services.intervals import utc_now
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import audit as auditing
from worker_services.warehouse import build as building
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import BuildFailed, build
from worker_services.warehouse.publish import (
    PUBLISH,
    ROLLBACK,
    NotPublishable,
    clear_leftovers,
    current,
    publish,
    rollback,
)

POINTS = 10
MIB = 2**20


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds are made of the small dbt project, by the same code."""
    monkeypatch.setattr(building, "DBT_PROJECT", write_project(tmp_path / "project"))
    monkeypatch.setattr(auditing, "validate_build", lambda *_: [])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    made.data_root.mkdir()
    return made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 48 MiB, where this user may mount one; otherwise None."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def night(settings: Settings) -> str:
    made = build(settings, utc_now())
    audit(settings, made.build_id)
    return publish(settings, made.build_id).build_id


def leftovers(settings: Settings) -> list[str]:
    """Files of the warehouse that are neither the pointer, nor a lock, nor a build with its record."""
    builds = {path.stem for path in settings.builds.glob("*.json")} & {
        path.stem for path in settings.builds.glob("*.duckdb")
    }
    wanted = {f"{build_id}{ending}" for build_id in builds for ending in (".json", ".duckdb")}
    wanted |= {"current.json", ".build.lock", ".publish.lock"}
    ours = (settings.warehouse, settings.builds, settings.warehouse / "dbt")
    return [path.name for folder in ours for path in folder.glob("*") if path.is_file() and path.name not in wanted]


def is_cut_short(settings: Settings, seconds: float) -> bool:
    """Kill a build after so long; false when it was done by then."""
    child = fork(lambda: build(settings, utc_now()))
    time.sleep(seconds)
    return kill(child)


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_killed_build_leaves_the_published_one_and_the_next_build_succeeds(settings, quick):
    standing = night(settings)
    (settings.data_root / "DEMO").touch()  # from now on there is something new to build
    rng, unfinished = random.Random(POINTS), 0
    for _ in range(2):  # undisturbed: once for dbt to parse the project, once more to see how long it takes
        started = time.monotonic()
        assert os.waitpid(fork(lambda: build(settings, utc_now())), 0)[1] == 0
        length = time.monotonic() - started
    for point in range(1, POINTS + 1):
        while not is_cut_short(settings, length * (point - rng.random()) / POINTS):
            length *= 0.7  # the machine has become quicker since
        unfinished += bool(leftovers(settings))
        assert readers_see(settings) == (standing, ROWS)
    assert unfinished > POINTS / 4
    published = night(settings)
    assert published != standing
    assert readers_see(settings) == (published, ROWS)
    assert leftovers(settings) == []
    assert answer(settings.builds / f"{standing}.duckdb") == (standing, ROWS)


def test_a_killed_publish_or_rollback_is_done_or_not_done(settings):
    publish(settings, make_build(settings, 0), "ann")
    rng, seen = random.Random(POINTS), set()
    for point in range(1, 2 * POINTS + 1):
        before, after = current(settings).build_id, make_build(settings, point)

        def to_and_fro(before: str = before, after: str = after) -> None:
            publish(settings, after, "ann")
            while True:
                rollback(settings, "back", to=before, by="bob")
                rollback(settings, "and forth", to=after, by="bob")

        child = fork(to_and_fro)
        if point % 2:  # by half the points in the middle of it, however slow the machine is
            wait_for(lambda before=before: current(settings).build_id != before)
        time.sleep(rng.uniform(0, 0.1))
        assert kill(child)
        build_id, rows = readers_see(settings)
        assert build_id in (before, after)
        assert rows == 1000
        seen.add(build_id == after)
    assert seen == {True, False}
    last = publish(settings, make_build(settings, 100), "ann")
    swaps = [entry for entry in ledger.entries(settings) if entry.action in (PUBLISH, ROLLBACK)]
    assert len(swaps) > POINTS
    assert len({entry.details["published_at"] for entry in swaps}) == len(swaps)
    for earlier, later in itertools.pairwise(swaps):  # none is missing, and none is there twice
        assert later.details["from"] == earlier.details["to"]
    assert swaps[-1].details["to"] == last.build_id
    with FileLock(settings.warehouse / ".build.lock"):
        clear_leftovers(settings)
    assert leftovers(settings) == []


def fill(folder: Path, leave: int = 0) -> Path:
    """Take all room on a disk but for `leave` bytes."""
    filler = folder / "something_else"
    with filler.open("wb", buffering=0) as file:
        stat = os.statvfs(folder)
        remaining = stat.f_bavail * stat.f_frsize - leave
        try:
            while remaining > 0:
                remaining -= file.write(b"\0" * min(remaining, MIB)) or 0
        except OSError:
            return filler
    return filler


def fails_as(kind: type[Exception], work: Callable[[], object], *, says: str) -> Callable[[], None]:
    def attempt() -> None:
        with pytest.raises(kind, match=says):
            work()

    return attempt


def test_a_disk_that_fills_up_fails_the_build_and_nothing_else(settings, quick, small_disk):
    """Where no disk can be mounted, the build may write no file as large as it needs."""
    if small_disk:
        settings = Settings(PROJECT_ROOT, small_disk / "data", small_disk / "reports")
        settings.data_root.mkdir()
    standing = night(settings)
    (settings.data_root / "DEMO").touch()
    working = settings.warehouse / "dbt" / "warehouse.duckdb"

    def meet_a_full_disk() -> None:
        if small_disk:
            watch = threading.Thread(target=lambda: (wait_for(working.exists), fill(small_disk)), daemon=True)
            watch.start()
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
        build(settings, utc_now())

    advice = f"MiB free: make room there .*readers see {standing} as before"
    assert os.waitpid(fork(fails_as(BuildFailed, meet_a_full_disk, says=advice)), 0)[1] == 0
    assert readers_see(settings) == (standing, ROWS)
    assert leftovers(settings) == []
    (small_disk or settings.data_root).joinpath("something_else").unlink(missing_ok=True)
    assert night(settings) != standing
    assert readers_see(settings)[1] == ROWS


def test_a_build_that_will_not_fit_is_not_begun(settings, quick, monkeypatch):
    """What it will need is told by the last build, not by what a delivery weighs."""
    monkeypatch.setattr(building, "_run_dbt", lambda *_: {"model": 1, "test": 1})
    size = building.read_record(settings, build(settings, utc_now()).build_id)["build_bytes"]
    (settings.data_root / "DEMO").touch()
    usage = building.shutil.disk_usage(settings.builds)
    monkeypatch.setattr(building.shutil, "disk_usage", lambda _: usage._replace(free=2 * size - 1))
    with pytest.raises(BuildFailed, match=r"the build will need some .* MiB, and .* make room there"):
        build(settings, utc_now())
    monkeypatch.setattr(building.shutil, "disk_usage", lambda _: usage._replace(free=2 * size))
    assert build(settings, utc_now()).is_new


def test_on_a_full_disk_nothing_is_published_by_half(settings, small_disk):
    if small_disk:
        settings = Settings(PROJECT_ROOT, small_disk / "data", small_disk / "reports")
    publish(settings, make_build(settings, 1))
    make_build(settings, 2)

    def meet_a_full_disk() -> None:
        if small_disk:
            fill(small_disk)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        publish(settings, "build_002")

    says = "readers see what they saw before; mend the disk"
    assert os.waitpid(fork(fails_as(NotPublishable, meet_a_full_disk, says=says)), 0)[1] == 0
    assert readers_see(settings)[0] == "build_001"
    assert leftovers(settings) == []
    (small_disk or settings.data_root).joinpath("something_else").unlink(missing_ok=True)
    publish(settings, "build_002")
    published = [entry.subject for entry in ledger.entries(settings) if entry.action == PUBLISH]
    assert published == ["build_001", "build_002"]
    assert current(settings).previous == ["build_001"]
