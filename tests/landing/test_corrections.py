"""Corrections of what a partner will not mend, and the guard that ends them."""

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from click.testing import CliRunner

from worker_services.audit import ledger
from worker_services.audit.ledger import Entry
from worker_services.contracts import load_contract
from worker_services.files import sha256
from worker_services.intervals import Interval
from worker_services.landing import batches, corrections
from worker_services.landing.batches import Manifest
from worker_services.landing.cli import corrections as cli
from worker_services.landing.corrections import Correction, apply_sql, load, obsolete
from worker_services.settings import PROJECT_ROOT, Settings

FIRST, SECOND = Interval.parse("2025-10-24/2025-10-25"), Interval.parse("2025-10-25/2025-10-26")
OVERRIDE = {
    "id": "health-2025-001",
    "partner": "maternity_hospital",
    "feed": "health_services",
    "key": {"service_id": "F1"},
    "action": "override",
    "column": "satisfaction_score",
    "was": 1,
    "becomes": 5,
    "reason": "Typed the wrong way round.",
    "provider": "医院信息科，2025-10-27 来函",
    "recorded_on": "2025-10-27",
    "recorded_by": "health-steward",
}
DROP = {name: OVERRIDE[name] for name in OVERRIDE if name not in ("column", "was", "becomes")} | {
    "id": "health-2025-002",
    "key": {"service_id": "F2"},
    "action": "drop",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


def land(settings: Settings, interval: Interval, rows: list[dict], partner: str = "maternity_hospital") -> None:
    """A batch as it lies in landing, with the columns that a case does not name empty."""
    number = len(batches.of_feed(settings, partner, "health_services"))
    landed_at = datetime(2025, 10, 27, tzinfo=UTC) + timedelta(hours=number)
    batch_id = batches.batch_id(partner, "health_services", interval, f"{number:064d}")[:-1] + str(number)
    fields = dict.fromkeys(Manifest.__dataclass_fields__) | {
        "batch_id": batch_id,
        "partner": partner,
        "feed": "health_services",
        "interval": interval,
        "rows_received": len(rows),
        "rows_accepted": len(rows),
        "rows_quarantined": 0,
        "landed_at": landed_at,
    }
    manifest = Manifest(**fields)
    path = batches.parquet_path(settings, manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = load_contract("health_services").landed_columns
    with duckdb.connect() as engine:
        engine.register("given", pa.Table.from_pylist(rows))
        given = set(rows[0])
        placed = {"_batch_id": f"'{batch_id}'", "_row_number": "1", "_landed_at": f"'{landed_at:%Y-%m-%d %H:%M}'"}
        picked = ", ".join(
            f'{name if name in given else placed.get(name, "null")}::{sql_type} as "{name}"'
            for name, sql_type in columns.items()
        )
        pyarrow.parquet.write_table(engine.execute(f"select {picked} from given").to_arrow_table(), path)
    batches.commit(settings, manifest)


def corrected(rows_sql: str, *entries: dict) -> list[tuple]:
    register = [Correction.model_validate(entry) for entry in entries]
    with duckdb.connect() as engine:
        return engine.execute(apply_sql("health_services", rows_sql, register)).fetchall()


ROWS = """
    select * from (values
        ('maternity_hospital', 'F1', 1::bigint),
        ('maternity_hospital', 'F1', 4::bigint),
        ('maternity_hospital', 'F2', 3::bigint),
        ('eye_hospital', 'F1', 1::bigint),
        ('eye_hospital', 'F2', 1::bigint)
    ) as rows (_partner, service_id, satisfaction_score)
"""


def test_the_committed_register_is_valid_and_its_examples_are_too():
    load()
    text = corrections.REGISTER.read_text(encoding="utf-8")
    example = "\n".join(line[2:] for line in text.splitlines() if line.startswith("#   ") or line == "# corrections:")
    entries = yaml.safe_load(example)["corrections"]
    assert [Correction.model_validate(entry).action for entry in entries] == ["override", "drop"]


def test_an_override_changes_the_named_record_where_it_is_wrong_and_nothing_else():
    assert corrected(ROWS, OVERRIDE) == [
        ("maternity_hospital", "F1", 5),
        ("maternity_hospital", "F1", 4),
        ("maternity_hospital", "F2", 3),
        ("eye_hospital", "F1", 1),
        ("eye_hospital", "F2", 1),
    ]


def test_a_dropped_record_is_gone_in_every_version_and_only_that_partners():
    assert [row[:2] for row in corrected(ROWS, DROP)] == [
        ("maternity_hospital", "F1"),
        ("maternity_hospital", "F1"),
        ("eye_hospital", "F1"),
        ("eye_hospital", "F2"),
    ]


def test_empty_cells_and_quotes_are_values_like_others():
    rows = "select 'maternity_hospital' as _partner, 'F''1' as service_id, null::bigint as satisfaction_score"
    filled = OVERRIDE | {"key": {"service_id": "F'1"}, "was": None, "becomes": 2}
    assert corrected(rows, filled) == [("maternity_hospital", "F'1", 2)]
    emptied = OVERRIDE | {"key": {"service_id": "F'1"}, "was": 2, "becomes": None}
    assert corrected(rows.replace("null::bigint", "2::bigint"), emptied) == [("maternity_hospital", "F'1", None)]


def test_types_stay_those_of_the_contract():
    override = OVERRIDE | {"column": "service_date", "was": date(2025, 10, 24), "becomes": date(2025, 10, 23)}
    rows = "select 'maternity_hospital' as _partner, 'F1' as service_id, date '2025-10-24' as service_date"
    assert corrected(rows, override) == [("maternity_hospital", "F1", date(2025, 10, 23))]


def test_without_corrections_the_select_is_untouched():
    assert apply_sql("vouchers", "select 1", [Correction.model_validate(OVERRIDE)]) == "select 1"


def test_the_guard_fails_once_the_source_is_mended(settings, monkeypatch):
    register = (Correction.model_validate(OVERRIDE),)
    land(settings, FIRST, [{"service_id": "F1", "satisfaction_score": 1}])
    assert obsolete(settings, register=register) == []
    monkeypatch.setattr(corrections, "load", lambda: register)
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(settings.data_root))
    assert CliRunner().invoke(cli, ["check"]).exit_code == 0
    land(settings, SECOND, [{"service_id": "F1", "satisfaction_score": 5}])
    assert obsolete(settings, register=register) == list(register)
    result = CliRunner().invoke(cli, ["check"])
    assert result.exit_code == 1
    assert "take out health-2025-001" in result.output
    before = datetime(2025, 10, 27, 0, 30, tzinfo=UTC)
    assert obsolete(settings, before, register) == []


def test_the_guard_goes_by_the_partners_own_version_not_by_the_night(settings):
    register = (Correction.model_validate(OVERRIDE),)
    land(settings, SECOND, [{"service_id": "F1", "satisfaction_score": 1, "updated_at": datetime(2025, 10, 25, 12)}])
    land(settings, FIRST, [{"service_id": "F1", "satisfaction_score": 5, "updated_at": datetime(2025, 10, 24, 12)}])
    (row,) = corrections.table(settings, register=register).to_pylist()
    assert (row["rows_matched"], row["is_needed"]) == (1, True)


@pytest.mark.parametrize("entry", [OVERRIDE, DROP])
def test_the_guard_fails_when_the_record_is_withdrawn_redelivered_without_or_another_partners(settings, entry):
    register = (Correction.model_validate(entry),)
    key = entry["key"]["service_id"]
    assert obsolete(settings, register=register) == list(register)
    land(settings, FIRST, [{"service_id": key, "satisfaction_score": 1}], partner="eye_hospital")
    assert obsolete(settings, register=register) == list(register)
    land(settings, FIRST, [{"service_id": key, "satisfaction_score": 1}])
    assert obsolete(settings, register=register) == []
    land(settings, SECOND, [{"service_id": key, "satisfaction_score": 1, "record_status": "withdrawn"}])
    assert obsolete(settings, register=register) == list(register)
    land(settings, SECOND, [{"service_id": "F9", "satisfaction_score": 1}])
    assert obsolete(settings, register=register) == []
    land(settings, FIRST, [{"service_id": "F9", "satisfaction_score": 1}])
    assert obsolete(settings, register=register) == list(register)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (OVERRIDE | {"partner": "nobody"}, "no partner 'nobody' with a feed 'health_services'"),
        (OVERRIDE | {"key": {"voucher_id": "V1"}}, "key must name service_id"),
        (OVERRIDE | {"column": "worker_id"}, "personal data"),
        (OVERRIDE | {"column": "worker_key"}, "is not a column"),
        (OVERRIDE | {"column": "service_id", "was": "F1", "becomes": "F2"}, "part of the key"),
        (OVERRIDE | {"column": "service_category", "was": "eye_check", "becomes": "眼健康检查"}, "is not a code of"),
        (OVERRIDE | {"becomes": 6}, "does not fit satisfaction_score, integer: out_of_range"),
        (OVERRIDE | {"becomes": "many"}, "does not fit satisfaction_score, integer: type_invalid"),
        (OVERRIDE | {"column": "service_date", "was": "2025-10-24", "becomes": "2025-13-24"}, "type_invalid"),
        (OVERRIDE | {"column": "service_date", "was": "2025-10-24", "becomes": None}, "cannot become empty"),
        (OVERRIDE | {"becomes": 1}, "the same"),
        (DROP | {"becomes": 1}, "neither column nor was nor becomes"),
        ({name: OVERRIDE[name] for name in OVERRIDE if name != "was"}, "states column, was and becomes"),
        ({name: OVERRIDE[name] for name in OVERRIDE if name != "provider"}, "Field required"),
    ],
)
def test_an_entry_that_cannot_hold_is_refused_with_its_place(tmp_path, entry, says):
    path = tmp_path / "corrections.yaml"
    path.write_text(yaml.safe_dump({"corrections": [DROP, entry]}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ValueError, match=r"corrections\.1") as refused:
        load(path)
    assert says in str(refused.value)


def test_an_id_is_used_once(tmp_path):
    path = tmp_path / "corrections.yaml"
    path.write_text(yaml.safe_dump({"corrections": [DROP, DROP]}), encoding="utf-8")
    with pytest.raises(ValueError, match="health-2025-002: used more than once"):
        load(path)


def test_a_register_that_says_something_else_is_entered_once_with_its_commit(
    settings: Settings, tmp_path: Path
) -> None:
    register = tmp_path / "project" / "corrections.yaml"
    register.parent.mkdir()
    git = ["git", "-C", str(register.parent), "-c", "user.name=Li", "-c", "user.email=li@union.example"]
    subprocess.run([*git, "init", "-q"], check=True)

    def enter(*entries: dict, is_committed: bool = False) -> list[Entry]:
        register.write_text(yaml.safe_dump({"corrections": [*entries]}, allow_unicode=True), encoding="utf-8")
        if is_committed:
            subprocess.run([*git, "add", "."], check=True)
            subprocess.run([*git, "commit", "-qm", "Corrections"], check=True)
        for _ in range(2):
            load.cache_clear()
            corrections.enter_changes(settings, register)
        load.cache_clear()
        return ledger.about(settings, "corrections.change", "expectations/corrections.yaml")

    assert enter() == [], "a register that never held anything is nothing to enter"
    (first,) = enter(OVERRIDE)
    assert (first.details["added"], first.details["commit"]) == (["health-2025-001"], None)
    assert first.details["sha256"] == sha256(register)
    _, second = enter(OVERRIDE | {"reason": "Another reason."}, DROP, is_committed=True)
    assert (second.details["added"], second.details["changed"]) == (["health-2025-002"], ["health-2025-001"])
    assert second.details["commit"]["author"] == "Li"
    *_, third = enter()
    assert (third.details["removed"], third.details["commit"]) == (["health-2025-001", "health-2025-002"], None)
