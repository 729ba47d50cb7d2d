"""The register's corrections reach the warehouse, and what they leave out is not taken for lost."""

from datetime import date

import duckdb

from tests.conftest import SUNDAY
from worker_services.intervals import utc_now
from worker_services.landing import batches, corrections
from worker_services.landing.corrections import Correction
from worker_services.warehouse import audit, landing_schema

SUPPLY = {"partner": "mediation_center", "feed": "mediation_events"}
SAID = {"reason": "Entered twice.", "provider": "调解中心信息员", "recorded_on": date(2025, 10, 27), "recorded_by": "s"}


def test_a_record_is_dropped_and_another_overridden(house, tmp_path, monkeypatch):
    house.ingest(*SUPPLY.values(), SUNDAY)
    (item,) = batches.of_interval(house.settings, *SUPPLY.values(), SUNDAY)
    rows = duckdb.read_parquet(str(batches.parquet_path(house.settings, item))).to_arrow_table().to_pylist()
    first, second = rows[0], rows[1]
    other = next(kind for kind in ("agreement", "transferred") if kind != second["event_type"])
    register = (
        Correction(id="a", **SUPPLY, **SAID, key={"event_id": first["event_id"]}, action="drop"),
        Correction(
            **(SUPPLY | SAID | {"id": "b", "key": {"event_id": second["event_id"]}, "action": "override"}),
            **{"column": "event_type", "was": second["event_type"], "becomes": other},
        ),
        Correction(
            **(SUPPLY | SAID | {"id": "c", "key": {"event_id": second["event_id"]}, "action": "override"}),
            **{"column": "event_type", "was": other, "becomes": "reopened"},
        ),
    )
    monkeypatch.setattr(corrections, "load", lambda *arguments: register)
    path, now = tmp_path / "warehouse.duckdb", utc_now()
    landing_schema.write(path, house.settings, landing_schema.known_by(house.settings, now), "build", now)
    with duckdb.connect(str(path), read_only=True) as database:
        landed = dict(database.execute("select event_id, event_type from landing.mediation_events").fetchall())
    assert len(landed) == len(rows) - 1
    assert first["event_id"] not in landed
    assert landed[second["event_id"]] == other
    assert audit._reconcile(str(path)) == []
    assert audit._outlived(str(path)) == ["correction c: the source no longer says what it corrects; take it out"]

    with duckdb.connect(str(path)) as database:
        database.execute("delete from landing.dropped_rows")
    assert audit._reconcile(str(path)), "a row lost without a correction is noticed"
