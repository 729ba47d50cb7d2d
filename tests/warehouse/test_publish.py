"""Publishing and going back: one step each, noted in the ledger, and no reader is ever disturbed."""

import json
import multiprocessing
import time
from datetime import datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from tests.warehouse.small_builds import answer, make_build, readers_see, write_project
from worker_services.audit import ledger
from worker_services.cli import main
from worker_services.intervals import SHANGHAI, utc_now
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import audit as auditing
from worker_services.warehouse import build as building
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import build
from worker_services.warehouse.publish import (
    KEPT_ASIDE,
    KEPT_BUILDS,
    PUBLISH,
    ROLLBACK,
    NotPublishable,
    build_path,
    current,
    pointer,
    publish,
    record_path,
    rollback,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


@pytest.fixture
def three(settings: Settings) -> list[str]:
    """Three builds, published one after the other by Ann."""
    made = [make_build(settings, number) for number in (1, 2, 3)]
    for build_id in made:
        publish(settings, build_id, "ann")
    return made


def noted(settings: Settings) -> list[tuple[str, str, str | None, str, str | None]]:
    """Of each change in the ledger: who, what, from, to, why."""
    return [
        (entry.actor, entry.action, entry.details["from"], entry.details["to"], entry.details.get("reason"))
        for entry in ledger.entries(settings)
        if entry.action in (PUBLISH, ROLLBACK)
    ]


def kept(settings: Settings) -> set[str]:
    return {path.stem for path in settings.builds.glob("*.duckdb")}


def test_readers_get_the_build_before_back_by_one_command(settings, three):
    first, second, third = three
    assert readers_see(settings)[0] == third
    gone_back = rollback(settings, "期初数有误", by="bob")
    assert readers_see(settings)[0] == second
    assert (gone_back.build_id, gone_back.replaced, gone_back.published_by) == (second, third, "bob")
    assert (gone_back.rollback_reason, gone_back.previous, gone_back.withdrawn) == ("期初数有误", [first], [third])
    assert noted(settings) == [
        ("ann", "warehouse.publish", None, first, None),
        ("ann", "warehouse.publish", first, second, None),
        ("ann", "warehouse.publish", second, third, None),
        ("bob", "warehouse.rollback", third, second, "期初数有误"),
    ]


def test_going_back_further_withdraws_what_lies_between_and_may_itself_be_undone(settings, three):
    first, second, third = three
    assert rollback(settings, "wrong since", to=first).withdrawn == [third, second]
    undone = rollback(settings, "false alarm", to=third)
    assert (undone.build_id, undone.previous, undone.withdrawn) == (third, [first], [second])
    assert readers_see(settings)[0] == third
    assert rollback(settings, "wrong after all").build_id == first


def test_going_back_to_what_readers_see_changes_nothing(settings, three):
    before = pointer(settings).read_bytes(), noted(settings)
    assert rollback(settings, "again", to=three[-1]).build_id == three[-1]
    assert (pointer(settings).read_bytes(), noted(settings)) == before


@pytest.mark.parametrize(
    ("reason", "to", "message"),
    [(" ", None, "needs a reason"), ("why", "build_999", "build_999 is not kept; builds to go back to: build_002")],
)
def test_a_rollback_that_cannot_be_says_why(settings, three, reason, to, message):
    with pytest.raises(NotPublishable, match=message):
        rollback(settings, reason, to)
    assert readers_see(settings)[0] == three[-1]


def test_there_is_nothing_before_the_first_build(settings):
    with pytest.raises(NotPublishable, match="nothing is published yet"):
        rollback(settings, "why")
    publish(settings, make_build(settings, 1))
    with pytest.raises(NotPublishable, match="builds to go back to: none"):
        rollback(settings, "why")


def test_the_next_build_is_published_as_usual_and_status_tells_of_the_rollback_until_then(settings, three, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(settings.data_root))

    def run(*arguments: str) -> dict[str, object]:
        done = CliRunner().invoke(main, ["warehouse", *arguments, "--json"])
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.output))

    run("rollback", "--reason", "wrong targets", "--by", "bob")
    standing = run("status")
    assert (standing["build_id"], standing["published_by"]) == (three[1], "bob")
    assert (standing["replaced"], standing["rollback_reason"]) == (three[2], "wrong targets")
    run("publish", make_build(settings, 4))
    standing = run("status")
    assert (standing["build_id"], standing["replaced"], standing["rollback_reason"]) == ("build_004", three[1], None)
    assert (standing["previous"], standing["withdrawn"]) == ([three[1], three[0]], [three[2]])
    done = CliRunner().invoke(main, ["warehouse", "rollback", "--to", "build_999", "--reason", "x"])
    assert done.exit_code == 1
    assert "build_999 is not kept" in done.output


def test_what_was_taken_from_readers_comes_back_by_a_rollback_only(settings, three):
    rollback(settings, "wrong")
    for build_id in (three[2], three[0]):
        with pytest.raises(NotPublishable, match=f"rollback --to {build_id}"):
            publish(settings, build_id)
    assert readers_see(settings)[0] == three[1]


@pytest.mark.parametrize("damage", ["log beside it", "cut off", "another build", "not audited", "no record"])
def test_readers_are_never_given_a_build_that_is_not_sound(settings, three, damage):
    """Neither by publishing nor by going back."""
    fourth = make_build(settings, 4)
    message = {"log beside it": "write-ahead log", "cut off": "cannot be read", "another build": "holds another build"}
    for build_id in (fourth, three[1]):
        path = build_path(settings, build_id)
        if damage == "log beside it":
            path.with_name(f"{path.name}.wal").touch()
        elif damage == "cut off":
            path.write_bytes(path.read_bytes()[:5000])
        elif damage == "another build":
            path.write_bytes(build_path(settings, three[0]).read_bytes())
        elif damage == "not audited":
            make_build_again(settings, build_id)
        else:
            record_path(settings, build_id).unlink()
    before = pointer(settings).read_bytes()
    for attempt in (lambda: publish(settings, fourth), lambda: rollback(settings, "why", to=three[1])):
        with pytest.raises(NotPublishable, match=message.get(damage, "has not passed its audit|there is no build")):
            attempt()
    assert pointer(settings).read_bytes() == before
    assert readers_see(settings)[0] == three[-1]


def make_build_again(settings: Settings, build_id: str) -> None:
    build_path(settings, build_id).unlink()
    make_build(settings, int(build_id[-3:]), is_audited=False)


def test_the_last_published_builds_stay_and_few_of_the_others(settings):
    """Every third build fails its audit."""
    for number in range(1, 31):
        build_id = make_build(settings, number, is_audited=number % 3 != 0)
        if number % 3 != 0:
            publish(settings, build_id)
    published = [f"build_{number:03}" for number in range(30, 0, -1) if number % 3 != 0][:KEPT_BUILDS]
    failed = [f"build_{number:03}" for number in (30, 27, 24, 21)][:KEPT_ASIDE]
    standing = current(settings)
    assert [standing.build_id, *standing.previous] == published
    assert kept(settings) == {*published, *failed}
    assert {path.stem for path in settings.builds.glob("*.json")} == kept(settings)
    rollback(settings, "to the very last", to=published[-1])
    assert readers_see(settings)[0] == published[-1]


def test_others_that_are_older_than_every_published_build_go(settings):
    aside = make_build(settings, 1, is_audited=False)
    for number in range(2, KEPT_BUILDS + 2):
        publish(settings, make_build(settings, number))
        assert (aside in kept(settings)) == (number < KEPT_BUILDS + 1)


def test_a_withdrawn_build_stays_until_ten_others_have_been_published_after_it(settings, three):
    """It tells the nights that its inputs are not to be published again."""
    rollback(settings, "wrong")
    for number in range(10, 15):
        make_build(settings, number, is_audited=False)
    for number in range(20, 20 + KEPT_BUILDS):
        assert current(settings).withdrawn == [three[2]]
        assert three[2] in kept(settings)
        publish(settings, make_build(settings, number))
    assert current(settings).withdrawn == []
    assert kept(settings) == {f"build_{number:03}" for number in range(20, 20 + KEPT_BUILDS)}


def test_a_change_that_the_ledger_missed_is_entered_by_the_next_command(settings, three, monkeypatch):
    def refuse(*_: object) -> None:
        raise ledger.LedgerUnusable("database or disk is full")

    with monkeypatch.context() as full, pytest.raises(NotPublishable, match="give the command again"):
        full.setattr(ledger, "append", refuse)
        rollback(settings, "wrong", to=three[0], by="bob")
    assert readers_see(settings)[0] == three[0]
    assert len(noted(settings)) == 3
    for _ in range(2):
        rollback(settings, "wrong", to=three[0], by="bob")
    assert noted(settings)[3:] == [("bob", "warehouse.rollback", three[2], three[0], "wrong")]


def read_on(settings: Settings, opened: Semaphore, stop: Event, results: Queue) -> None:
    """Read whatever is published, again and again, beside one reader that opened the first build."""
    builds, reads = set(), 0
    try:
        with duckdb.connect(str(current(settings).path), read_only=True) as early:
            opened.release()
            while not stop.is_set():
                build_id, rows = readers_see(settings)
                assert rows == 1000
                builds.add(build_id)
                reads += 1
                assert early.execute("select distinct build_id from marts.answer").fetchall() == [("build_000",)]
        results.put((reads, len(builds), None))
    except BaseException as error:
        results.put((reads, len(builds), f"{type(error).__name__}: {error}"))


def test_readers_in_other_processes_are_never_blocked_nor_cut_off(settings):
    publish(settings, make_build(settings, 0))
    processes = multiprocessing.get_context("spawn")
    opened, stop, results = processes.Semaphore(0), processes.Event(), processes.Queue()
    readers = [processes.Process(target=read_on, args=(settings, opened, stop, results)) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        assert all(opened.acquire(timeout=300) for _ in readers)
        until, number = time.monotonic() + 3, 0
        while time.monotonic() < until or number < 2 * KEPT_BUILDS:
            number += 1
            publish(settings, make_build(settings, number))
            if number % 3 == 0:
                rollback(settings, "to and fro")
                rollback(settings, "to and fro", to=f"build_{number:03}")
    finally:
        stop.set()
        found = [results.get(timeout=300) for _ in readers]
        for reader in readers:
            reader.join()
    assert [error for _, _, error in found] == [None, None]
    assert "build_000" not in kept(settings)  # its file is gone, and its reader read on
    assert min(reads for reads, _, _ in found) > 20
    assert min(builds for _, builds, _ in found) > 5


def test_a_build_states_its_moment_in_utc_whatever_clock_it_was_given(settings, monkeypatch):
    monkeypatch.setattr(building, "_run_dbt", lambda *_: {"model": 1, "test": 1})
    made = build(settings, datetime(2025, 10, 27, 4, tzinfo=SHANGHAI))
    with duckdb.connect(str(made.path), read_only=True) as database:
        assert database.execute("select as_of from landing.build").fetchall() == [(datetime(2025, 10, 26, 20),)]
    assert made.build_id.startswith("build_20251026T200000Z_")


def test_after_a_rollback_the_same_inputs_are_not_built_and_published_again(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "DBT_PROJECT", write_project(tmp_path / "project"))
    monkeypatch.setattr(auditing, "validate_build", lambda *_: [])
    settings.data_root.mkdir()

    def night() -> str:
        made = build(settings, utc_now())
        if made.is_new:
            audit(settings, made.build_id)
            publish(settings, made.build_id)
        return made.build_id

    good = night()
    (settings.data_root / "DEMO").touch()  # an input has changed
    bad = night()
    assert readers_see(settings)[0] == bad != good
    rollback(settings, "wrong figures")
    assert night() == bad  # nothing new: found, not made
    assert readers_see(settings)[0] == good
    with pytest.raises(NotPublishable, match="was published before"):
        publish(settings, bad)
    monkeypatch.setattr(building, "__version__", "99.0")  # the mistake is mended
    mended = night()
    assert mended not in (good, bad)
    assert readers_see(settings)[0] == mended
    assert current(settings).withdrawn == [bad]
    assert answer(build_path(settings, bad))[0] == bad
