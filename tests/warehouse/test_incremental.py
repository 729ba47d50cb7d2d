"""An incremental build holds what a full refresh holds, row for row, whatever has come, changed or gone since."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from benchmarks.warehouse_scale import FIRST_DAY, Landing
from tests.warehouse import same_builds
from worker_services.contracts import load_contract
from worker_services.files import write_json
from worker_services.landing import batches, records
from worker_services.landing.batches import Manifest
from worker_services.partners.registry import load_partners
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import base, publish
from worker_services.warehouse.build import build

NIGHTS, NEW_NIGHTS, LATE_NIGHT = 75, 2, 60
SUPERSEDED = (40, 70)


def morning_after(nights: int) -> datetime:
    return datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=nights)


def of_night(settings: Settings, night: int) -> list[Manifest]:
    day = FIRST_DAY + timedelta(days=night)
    return [
        item
        for partner_id, partner in load_partners().items()
        for feed in partner.feeds
        for item in batches.of_feed(settings, partner_id, feed)
        if item.interval.start == day
    ]


def deliver_again(settings: Settings, item: Manifest, landed_at: datetime) -> None:
    """Supersede a batch by one that lacks a third of its records and says something else of the others."""
    contract = load_contract(item.feed)
    kept = {*contract.key, *(name for name in contract.landed_columns if name.startswith("_")), "record_status"}
    raw_sha256 = f"{item.raw_sha256[::-1]}"
    batch_id = batches.batch_id(item.partner, item.feed, item.interval, raw_sha256)
    columns = [f"'{batch_id}' as _batch_id" if name == "_batch_id" else
               f"timestamp '{landed_at.replace(tzinfo=None)}' as _landed_at" if name == "_landed_at" else
               name if name in kept else f"lag({name}, 1, {name}) over (order by _row_number) as {name}"
               for name in contract.landed_columns]  # fmt: skip
    source, target = (
        batches.parquet_path(settings, item),
        batches.parquet_path(settings, replace(item, batch_id=batch_id)),
    )
    with duckdb.connect() as engine:
        engine.execute(
            f"copy (select * from (select {', '.join(columns)} from read_parquet('{source}', hive_partitioning=false)) "
            f"where _row_number % 3 <> 1) to '{target}' (format parquet)"
        )
        [(rows,)] = engine.execute(f"select count(*) from read_parquet('{target}')").fetchall()
    batches.commit(
        settings,
        replace(
            item, batch_id=batch_id, raw_sha256=raw_sha256, parquet_sha256=records.sha256(target), landed_at=landed_at,
            rows_received=rows, rows_accepted=rows, rows_quarantined=0,
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A landing in which much has happened since the build that is published."""
    folder = tmp_path_factory.mktemp("incremental")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    Landing(settings, factor=0.002, fewest=3).make(0, NIGHTS)
    for item in of_night(settings, LATE_NIGHT):
        batches.commit(settings, replace(item, landed_at=item.landed_at + timedelta(days=NIGHTS - LATE_NIGHT)))
    made = build(settings, morning_after(NIGHTS - NEW_NIGHTS))
    record = publish.read_record(settings, made.build_id)
    write_json(publish.record_path(settings, made.build_id), record | {"audit": {"passed": True}})
    publish.publish(settings, made.build_id)
    again = [item for night in SUPERSEDED for item in of_night(settings, night) if item.supplements is None]
    for item in again:
        deliver_again(settings, item, morning_after(NIGHTS))
    assert {item.feed for item in again} == {feed for partner in load_partners().values() for feed in partner.feeds}
    return settings


def test_an_incremental_build_equals_a_full_refresh_row_for_row(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LARGEST_SHARE", 1.0)
    published = publish.current(settings)
    assert published
    made = build(settings, morning_after(NIGHTS + 1))
    assert made.incremental_from == published.build_id
    incremental = made.path.rename(tmp_path / "incremental.duckdb")
    publish.record_path(settings, made.build_id).unlink()

    whole = build(settings, morning_after(NIGHTS + 1), full_refresh=True)
    assert whole.incremental_from is None
    found = same_builds.compare(incremental, whole.path)
    assert found.differing == []
    assert found.relations > 150
    assert found.rows > 100_000
    assert incremental_models(settings) <= set(same_builds.compare(published.path, whole.path).differing)


def incremental_models(settings: Settings) -> set[str]:
    manifest = json.loads((settings.warehouse / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))
    found = {
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["config"]["materialized"] == "incremental"
    }
    assert len(found) > 10
    return found
