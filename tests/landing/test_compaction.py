"""What a build reads is the same with compacted months and without, whatever happens to either."""

import itertools
import json
import logging
import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pyrage
import pytest
from filelock import FileLock
from pydantic import SecretStr

from tests.partners.test_check import HEADER, row
from worker_services.connections import Connection
from worker_services.intervals import Interval, utc_now
from worker_services.landing import batches, compaction, ingest, outcomes, records
from worker_services.landing.compaction import DamagedBatch, compact, sources, verify
from worker_services.landing.decisions import release
from worker_services.landing.outcomes import Outcome
from worker_services.partners.delivery import Receipt
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import landing_schema

PARTNER, FEED = "maternity_hospital", "health_services"
TODAY = date(2025, 11, 1)  # September is closed, October is not
FIRST, SECOND, THIRD, FOURTH, OCTOBER = (
    Interval.parse(text)
    for text in (
        "2025-09-01/2025-09-02",
        "2025-09-02/2025-09-03",
        "2025-09-03/2025-09-04",
        "2025-09-30/2025-10-01",
        "2025-10-25/2025-10-26",
    )
)
IDENTITY = SecretStr(str(pyrage.x25519.Identity.generate()))
OLD = Secrets(worker_key_secret=SecretStr("old"), vault_identity=IDENTITY)
NEW = OLD.model_copy(update={"worker_key_secret": SecretStr("new"), "previous_worker_key_secrets": (SecretStr("old"),)})


@dataclass(frozen=True)
class House:
    """A data root, and the moments after each thing that happened in it."""

    settings: Settings
    moments: list[datetime]

    def deliver(self, interval: Interval, *rows: str, secrets: Secrets = NEW) -> Outcome:
        """Rows come from the hospital, dated on the first day of the interval."""
        dated = [line.replace("2025-10-25", str(interval.start)) for line in rows]
        raw = "\r\n".join([HEADER, *dated, f"合计,{len(rows)}" + "," * 11, ""]).encode("gb18030")

        def fetch(connection: Connection, source: object, interval: Interval, sink: object) -> Receipt:
            sink.write(raw)
            return Receipt(source="test")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest, "fetch", fetch)
            patch.setattr(ingest, "_check_batch", lambda *_: [])  # the suites are tested elsewhere
            connection = Connection(conn_id="test", conn_type="sftp")
            outcome = ingest.ingest(self.settings, PARTNER, FEED, interval, connection, secrets)
        self.moments.append(utc_now())
        return outcome

    def landed(self, interval: Interval) -> list[batches.Manifest]:
        return batches.of_interval(self.settings, PARTNER, FEED, interval)

    def rows_read_from(self, as_of: datetime | None = None) -> compaction.Sources:
        known = landing_schema.known_by(self.settings, as_of or utc_now()).batches
        return sources(self.settings, "rows", known, FEED)

    def relations(self, as_of: datetime | None = None) -> dict[str, list[tuple[object, ...]]]:
        """Every relation that a build finds in its schema `landing`, row for row."""
        moment = as_of or utc_now()
        path = self.settings.data_root / "relations.duckdb"
        path.unlink(missing_ok=True)
        known = landing_schema.known_by(self.settings, moment)
        landing_schema.write(path, self.settings, known, "build", datetime(2025, 11, 1).astimezone())
        with duckdb.connect(str(path), read_only=True) as database:
            names = database.execute(
                "select table_name from duckdb_tables() union select view_name from duckdb_views()"
            )
            found = {
                name: sorted(database.execute(f'select * from landing."{name}"').fetchall(), key=repr)
                for (name,) in names.fetchall()
                if name in {"worker_key_links", "quarantine_reasons", "batches", "outcomes", FEED}
            }
        assert len(found) == 5
        return found

    def assert_nothing_differs(self, as_of: datetime | None = None) -> dict[str, list[tuple[object, ...]]]:
        """Build with what was compacted, and without."""
        compacted = self.relations(as_of)
        hidden = self.settings.compacted.rename(self.settings.data_root / "hidden")
        assert compacted == self.relations(as_of)
        hidden.rename(self.settings.compacted)
        assert compacted[FEED]
        return compacted


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Withdrawn and held rows, one released since; a redelivery; a rotated secret; a day without rows."""
    folder = tmp_path_factory.mktemp("template")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    settings.data_root.mkdir()
    house = House(settings, [])
    house.deliver(FIRST, row(1), row(2), row(3), row(14, 满意度="7"), secrets=OLD)
    held = house.deliver(SECOND, row(4), row(5, 满意度="9"), row(6, 满意度="8"), row(1, 记录状态="作废"), secrets=OLD)
    house.deliver(THIRD, row(7), row(8), secrets=OLD)
    house.deliver(THIRD, row(7), row(8, 满意度="4"), row(9), secrets=OLD)
    release(settings, held.batch_id, [2], actor="a steward", reason="asked", waived=["out_of_range"], secrets=OLD)
    house.moments.append(utc_now())
    house.deliver(FOURTH, row(10), row(11, 身份证号=row(1).split(",")[2]), secrets=NEW)
    house.deliver(OCTOBER, row(12), row(13, 身份证号=row(2).split(",")[2]), secrets=NEW)
    return house


@pytest.fixture
def house(template: House, tmp_path: Path) -> House:
    shutil.copytree(template.settings.data_root, tmp_path / "data")
    copied = House(Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports"), list(template.moments))
    compact(copied.settings, TODAY)
    return copied


def parts(house: House) -> list[Path]:
    return sorted(house.settings.compacted.rglob("month=*/*.parquet"))


def test_closed_months_are_read_from_parts_and_the_rest_from_its_own_files(house: House):
    assert {path.parent.name for path in parts(house)} == {"month=2025-09"}
    assert {path.name.partition("-")[0] for path in parts(house)} == {"rows", "reasons"}
    read = house.rows_read_from()
    assert [path.parent.name for path in read.parts] == ["month=2025-09"]
    assert [path.name for path in read.own] == [f"{house.landed(OCTOBER)[0].batch_id}.parquet"]
    held = {piece.batch_id: piece for piece in compaction._pieces(house.settings, "rows")}
    feed = batches.of_feed(house.settings, PARTNER, FEED)
    landed = {item.batch_id: item for item in feed if item.interval != OCTOBER}
    assert len(landed) == 6
    assert {name: piece.sha256 for name, piece in held.items()} == {
        name: item.parquet_sha256 for name, item in landed.items()
    }


def test_every_moment_is_built_alike(house: House):
    found = [house.assert_nothing_differs(moment) for moment in house.moments]
    assert len({len(relations["batches"]) for relations in found}) > 3
    assert all(before != after for before, after in itertools.pairwise(found))
    links = [len(relations["worker_key_links"]) for relations in found]
    assert links[0] == 0
    assert links[-1] == 4
    assert found[1]["quarantine_reasons"] != found[-1]["quarantine_reasons"]


def test_links_of_many_batches_are_read_from_a_part(house: House):
    for number, day in enumerate((4, 5, 6)):
        house.deliver(Interval.parse(f"2025-09-0{day}/2025-09-0{day + 1}"), row(20 + number), row(number + 1))
    compact(house.settings, TODAY)
    assert any(path.name.startswith("links-") for path in parts(house))
    known = [item for item in batches.of_feed(house.settings, PARTNER, FEED) if item.has_worker_key_links]
    read = sources(house.settings, "links", known)
    assert (len(read.parts), len(read.own)) == (1, 1)
    found = [house.assert_nothing_differs(moment)["worker_key_links"] for moment in house.moments]
    assert len({len(links) for links in found}) > 3


def test_what_comes_later_into_a_closed_month_is_read_from_its_own_file_until_the_next_compaction(house: House):
    late = house.deliver(SECOND, row(4, 满意度="1"))
    read = house.rows_read_from()
    assert {path.stem for path in read.own} == {late.batch_id, house.landed(OCTOBER)[0].batch_id}
    relations = house.assert_nothing_differs()
    house.assert_nothing_differs(house.moments[0])
    assert compact(house.settings, TODAY).parts_made == 2  # rows, and by now links
    assert len(house.rows_read_from().own) == 1
    assert house.assert_nothing_differs() == relations


def test_what_a_kept_build_reads_is_kept_as_long_as_the_build(house: House):
    (old,) = house.rows_read_from().parts
    house.relations()
    house.settings.builds.mkdir(parents=True)
    build = (house.settings.data_root / "relations.duckdb").rename(house.settings.builds / "build_x.duckdb")
    house.deliver(SECOND, row(4, 满意度="1"))
    landing_schema.compact(house.settings, TODAY)
    assert old not in house.rows_read_from().parts
    with duckdb.connect(str(build), read_only=True) as database:
        assert database.execute(f'select count(*) from landing."{FEED}"').fetchone() == (13,)
    build.unlink()
    with FileLock(house.settings.warehouse / ".build.lock"):  # while one is being made, nobody knows what it reads
        landing_schema.compact(house.settings, TODAY)
    assert old.exists()
    landing_schema.compact(house.settings, TODAY)
    assert not old.exists()
    house.assert_nothing_differs()


def test_a_compaction_repeated_makes_nothing(house: House):
    before = {path: path.stat().st_mtime_ns for path in parts(house)}
    done = compact(house.settings, TODAY)
    assert (done.parts_made, done.parts) == (0, len(before))
    assert {path: path.stat().st_mtime_ns for path in parts(house)} == before


def test_a_batch_taken_out_of_landing_is_not_read_any_more(house: House):
    (gone,) = house.landed(FIRST)
    folder = batches.folder(house.settings, PARTNER, FEED, FIRST)
    (folder / f"{gone.batch_id}.json").unlink()
    (folder / f"{gone.batch_id}.parquet").unlink()
    relations = house.assert_nothing_differs()
    assert gone.batch_id not in str([relations[name] for name in ("batches", "quarantine_reasons", FEED)])
    compact(house.settings, TODAY)
    compaction.remove_unused(house.settings, [])
    assert all(gone.batch_id not in str(pyarrow.parquet.read_table(path).to_pydict()) for path in parts(house))


def test_a_batch_landed_anew_under_its_name_is_read_anew(house: House):
    (item,) = house.landed(FIRST)
    path = batches.parquet_path(house.settings, item)
    rows = pyarrow.parquet.ParquetFile(path).read()
    other = rows.set_column(rows.column_names.index("service_id"), "service_id", pa.array(["X1", "X2", "X3"]))
    _land_instead(house, item, other)
    assert "X2" in str(house.assert_nothing_differs()[FEED])
    assert verify(house.settings).differing == [f"rows of {item.batch_id}"]
    compact(house.settings, TODAY)
    assert "X2" in str(house.assert_nothing_differs()[FEED])
    assert verify(house.settings).differing == []


def test_files_with_other_columns_get_a_part_of_their_own(house: House):
    (item,) = house.landed(FIRST)
    rows = pyarrow.parquet.ParquetFile(batches.parquet_path(house.settings, item)).read()
    _land_instead(house, item, rows.drop_columns("satisfaction_score"))
    compact(house.settings, TODAY)
    assert len(house.rows_read_from().parts) == 2
    house.assert_nothing_differs()


@pytest.mark.parametrize(
    ("damage", "which"),
    [("flipped", name) for name in ("rows-*", "reasons-*", "parts-*", "landing-*", "outcomes-*", "current.json")]
    + [(damage, name) for damage in ("cut", "gone") for name in ("rows-*", "parts-*", "landing-*", "current.json")],
)
def test_a_damaged_copy_leads_back_to_the_small_files(house: House, caplog, damage, which):
    relations = house.relations()
    damaged = next(house.settings.compacted.rglob(which))
    if damage == "flipped":
        data = bytearray(damaged.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
    elif damage == "cut":
        damaged.write_bytes(damaged.read_bytes()[:-9])
    else:
        damaged.unlink()
    with caplog.at_level(logging.WARNING):
        assert house.relations() == relations
    assert (damage, which) == ("gone", "current.json") or str(house.settings.compacted) in caplog.text
    compact(house.settings, TODAY)
    caplog.clear()
    assert house.relations() == relations
    assert house.rows_read_from().parts
    assert not caplog.text
    assert verify(house.settings).differing == []


@pytest.mark.parametrize("kept_time", [False, True])
def test_a_small_file_that_was_changed_is_an_error_and_not_a_row(house: House, kept_time):
    (item,) = house.landed(FIRST)
    path = batches.parquet_path(house.settings, item)
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    if kept_time:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(DamagedBatch, match=item.batch_id):
        house.relations()
    assert verify(house.settings).differing == [f"rows of {item.batch_id}"]
    with pytest.raises(DamagedBatch, match=item.batch_id):
        compact(house.settings, TODAY)
    path.unlink()
    with pytest.raises((DamagedBatch, duckdb.Error)):
        house.relations()


def test_small_files_restored_from_a_backup_are_the_same_batches(house: House):
    for path in house.settings.landing.rglob("*.*"):
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    assert len(house.rows_read_from().own) == 1
    house.assert_nothing_differs()


def test_changed_and_new_records_are_noticed(house: House):
    (item,) = house.landed(FIRST)
    path = batches.folder(house.settings, PARTNER, FEED, FIRST) / f"{item.batch_id}.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(fields | {"contract_version": "9.9.9"}), encoding="utf-8")
    outcome = outcomes.latest(house.settings, PARTNER, FEED, FIRST)
    outcomes.record(house.settings, Outcome(**(vars(outcome) | {"message_en": "something else"})))
    relations = house.assert_nothing_differs()
    assert "9.9.9" in str(relations["batches"])
    assert "something else" in str(relations["outcomes"])


def test_records_are_not_opened_again(house: House, monkeypatch):
    expected = batches.of_feed(house.settings, PARTNER, FEED), outcomes.nights(house.settings, PARTNER, FEED)
    opened: list[Path] = []
    read_text = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: opened.append(path) or read_text(path, **how))
    assert (batches.of_feed(house.settings, PARTNER, FEED), outcomes.nights(house.settings, PARTNER, FEED)) == expected
    assert {path.name for path in opened} == {"current.json"}


def test_a_listing_hashes_each_copy_once(house: House, monkeypatch):
    records._is_whole_since.cache_clear()
    hashed: list[str] = []
    sha256 = records.sha256
    monkeypatch.setattr(records, "sha256", lambda path: hashed.append(path.name.partition("-")[0]) or sha256(path))
    assert len(landing_schema.known_by(house.settings, utc_now()).batches) > 1
    assert sorted(hashed) == ["landing", "outcomes"]


def test_verification_proves_rows_and_not_only_names(house: House):
    assert verify(house.settings).small_files == 8
    (part,) = (path for path in parts(house) if path.name.startswith("rows-"))
    rows = pyarrow.parquet.ParquetFile(part).read()
    scores = pa.array([1] * rows.num_rows, pa.int64())
    other = rows.set_column(rows.column_names.index("satisfaction_score"), "satisfaction_score", scores)
    forged = records.keep(part.parent, "rows", lambda path: pyarrow.parquet.write_table(other, path))
    listed = pyarrow.parquet.ParquetFile(records.current(house.settings, "parts")).read()
    names = pyarrow.compute.replace_substring(listed["part"], part.name, forged.name)
    listed = listed.set_column(listed.column_names.index("part"), "part", names)
    index = records.keep(house.settings.compacted, "parts", lambda path: pyarrow.parquet.write_table(listed, path))
    pointer = house.settings.compacted / "current.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"parts": index.name}))
    differing = verify(house.settings).differing
    assert f"rows of {house.landed(FIRST)[0].batch_id}" in differing
    assert all(name.startswith("rows of ") for name in differing)


def test_a_copy_that_differs_is_never_made_current(house: House, monkeypatch):
    shutil.rmtree(house.settings.compacted)
    concat = pa.concat_tables
    monkeypatch.setattr(pa, "concat_tables", lambda tables: concat(tables[::-1]))  # every row, in another order
    with pytest.raises(RuntimeError, match="were not copied as they are"):
        compact(house.settings, TODAY)
    assert not (house.settings.compacted / "current.json").exists()


@pytest.fixture(params=["first part", "last step"])
def killed(request, template: House, tmp_path: Path) -> Iterator[House]:
    """A compaction of more than was compacted before is killed in the middle."""
    shutil.copytree(template.settings.data_root, tmp_path / "data")
    house = House(Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports"), [])
    compact(house.settings, TODAY)
    house.deliver(THIRD, row(7, 满意度="2"))
    before = (house.settings.compacted / "current.json").read_bytes()
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(house.settings, request.param))
    child.start()
    child.join(300)
    assert child.exitcode == -signal.SIGKILL
    assert (house.settings.compacted / "current.json").read_bytes() == before
    yield house


def _killed(settings: Settings, when: str) -> None:
    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if when == "first part":
        compaction._differing = kill
    else:
        compaction.write_json = kill
    with suppress(Exception):
        compact(settings, TODAY)


def test_a_killed_compaction_leaves_the_state_before(killed: House):
    killed.assert_nothing_differs()
    compact(killed.settings, TODAY)
    compaction.remove_unused(killed.settings, [])
    assert not list(killed.settings.compacted.rglob("*.tmp"))
    assert len(killed.rows_read_from().own) == 1
    killed.assert_nothing_differs()
    assert verify(killed.settings).differing == []


def test_months_close_when_nights_no_longer_look_back(house: House):
    eve, day = date(2025, 11, 7), date(2025, 11, 8)
    assert day - eve == timedelta(days=1)
    house.deliver(Interval.parse("2025-10-26/2025-10-27"), row(30))
    compact(house.settings, eve)
    assert {path.parent.name for path in parts(house)} == {"month=2025-09"}
    compact(house.settings, day)
    assert {path.parent.name for path in parts(house)} == {"month=2025-09", "month=2025-10"}
    assert house.rows_read_from().own == []


def _land_instead(house: House, item: batches.Manifest, rows: pa.Table) -> None:
    path = batches.parquet_path(house.settings, item)
    pyarrow.parquet.write_table(rows, path)
    manifest = path.with_suffix(".json")
    fields = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(fields | {"parquet_sha256": records.sha256(path)}), encoding="utf-8")
