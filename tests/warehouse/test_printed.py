"""What was printed is kept, whole and unchanged, and builds know it as it stood at their as-of time."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.small_builds import make_build
from worker_services.audit import ledger
from worker_services.files import sha256, write_json
from worker_services.intervals import Interval, utc_now
from worker_services.landing import batches
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import build as building
from worker_services.warehouse import landing_schema, printed, provenance
from worker_services.warehouse.build import build
from worker_services.warehouse.publish import read_record, record_path

METRICS = {"vouchers_issued", "mediation_success_rate"}
RENDERING = {"pdf_sha256": "ab" * 32, "ledger_number": 1, "code_version": "1", "packages": {}, "files": {"a": "cd"}}
A_MOMENT = timedelta(seconds=2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    for number in (1, 2):
        make_build(made, number)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The moment of printing; tests set it."""
    now = [utc_now().replace(microsecond=0)]
    monkeypatch.setattr(printed, "utc_now", lambda: now[0])
    return now


def figure(name: str, value: str, text: str, unit: str = "") -> dict[str, str]:
    metric, scope_type, scope_code, week, column = name.split("/")
    return {
        "id": name,
        "metric": metric,
        "scope": f"{scope_type}/{scope_code}",
        "week": week,
        "column": column.partition("|")[0],
        "value": value,
        "printed": text,
        "unit": unit,
    }


def issue(build: int = 1, vouchers: str = "1234", edition: str = "city", week: str = "2025-W43") -> dict[str, Any]:
    """What figures.json says: as the briefing writes it."""
    return {
        "week": week,
        "edition": edition,
        "build_id": f"build_{build:03}",
        "as_of": "2025-10-26T18:30:00Z",
        "figures": [
            figure(f"vouchers_issued/city/220100/{week}/value", vouchers, f"{int(vouchers):,}", "张"),
            figure(f"vouchers_issued/city/220100/{week}/change|magnitude", "-12", "12", "张"),
            figure(f"vouchers_issued/city/220100/{week}/change", "-12", "−12", "张"),
            figure(f"mediation_success_rate/county/220102/{week}/cumulative_value", "0.8133333333", "81.3%"),
            figure(f"mediation_success_rate/industry/jiaotong/{week}/cumulative_value", "", "＊"),
            figure(f"quality_total/city/220100/{week}/rows_received", "5000", "5,000", "行"),
            figure(f"freshness_of_all/city/220100/{week}/complete_through", "2025-10-26", "2025年10月26日"),
        ],
    }


def loaded(settings: Settings, as_of: Any) -> duckdb.DuckDBPyConnection:
    """What a build of that moment gets."""
    database = duckdb.connect()
    database.execute("create schema landing")
    printed.write(database, settings, as_of)
    return database


def test_a_record_says_each_figure_as_printed_with_its_exact_value(settings):
    path = printed.record(settings, issue(), METRICS, RENDERING)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["week"], kept["edition"], kept["number"], kept["replaces"]) == ("2025-W43", "city", 1, None)
    assert [(row["value"], row["printed"]) for row in kept["figures"]] == [
        ("1234", "1,234"),
        ("-12", "12"),
        ("-12", "−12"),
        ("0.8133333333", "81.3%"),
        (None, "＊"),
        ("5000", "5,000"),
        ("2025-10-26", "2025年10月26日"),
    ]
    rows = duckdb.sql(f"select * from '{printed.batches_path(settings, 'build_001')}'").fetchall()
    assert rows == [("build_001", batch_id) for batch_id in read_record(settings, "build_001")["batches"]]
    (entry,) = ledger.entries(settings)
    assert (entry.action, entry.subject) == ("briefing.print", "2025-W43/city")
    batches = printed.batches_path(settings, "build_001")
    rendering = provenance.path(settings, json.loads(path.read_text(encoding="utf-8"))["rendering"])
    assert entry.details["files"] == {
        f"data/printed/2025-W43/{path.name}": sha256(path),
        "data/printed/batches/build_001.parquet": sha256(batches),
        f"data/provenance/{rendering.name}": sha256(rendering),
    }


def test_the_same_issue_again_is_the_same_record(settings):
    first = printed.record(settings, issue(), METRICS, RENDERING)
    before = first.read_bytes()
    assert printed.record(settings, issue(), METRICS, RENDERING) == first
    assert first.read_bytes() == before
    assert len(list(first.parent.glob("*.json"))) == len(ledger.entries(settings)) == 1


@pytest.mark.parametrize("again", [issue(vouchers="1240"), issue(build=2)])
def test_an_issue_that_goes_out_otherwise_is_a_second_record_and_the_first_stays(settings, clock, again):
    first = printed.record(settings, issue(), METRICS, RENDERING)
    before = first.read_bytes()
    clock[0] += A_MOMENT
    second = printed.record(settings, again, METRICS, RENDERING)
    assert first.read_bytes() == before
    kept = json.loads(second.read_text(encoding="utf-8"))
    assert (kept["number"], kept["replaces"]) == (2, first.name)
    assert [item.path for item in printed.known_by(settings, clock[0])] == [second]
    assert [item.path for item in printed.known_by(settings, clock[0] - A_MOMENT)] == [first]
    assert printed.known_by(settings, clock[0] - 2 * A_MOMENT) == []


def test_a_run_that_was_killed_before_the_ledger_is_made_whole(settings, monkeypatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(ledger, "append", die)
        printed.record(settings, issue(), METRICS, RENDERING)
    (settings.data_root / "printed" / "2025-W43" / ".city-1.json.x.tmp").touch()
    path = printed.record(settings, issue(), METRICS, RENDERING)
    assert len(ledger.entries(settings)) == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("step", ["write_json", "_keep_batches"])
def test_a_run_that_was_killed_earlier_leaves_no_record(settings, monkeypatch, step):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(printed, step, die)
        printed.record(settings, issue(), METRICS, RENDERING)
    assert printed.known_by(settings, utc_now()) == []
    assert printed.record(settings, issue(), METRICS, RENDERING).name.startswith("city-1-")


def test_builds_get_a_row_a_figure_of_the_weekly_mart(settings, clock):
    printed.record(settings, issue(), METRICS, RENDERING)
    printed.record(settings, issue(edition="220102", vouchers="7"), METRICS, RENDERING)
    printed.record(settings, issue(build=2, week="2025-W42"), METRICS, RENDERING)
    clock[0] += A_MOMENT
    printed.record(settings, issue(build=2, vouchers="1240"), METRICS, RENDERING)
    database = loaded(settings, clock[0])
    rows = database.execute(
        "select * from landing.printed_figures where issue_week = '2025-W43' and edition = 'city' "
        "order by metric_id desc, figure, scope_code"
    )
    types = [(column[0], str(column[1])) for column in rows.description]
    assert [name for name, _ in types] == list(printed.FIGURES)
    assert dict(types)["printed_value"] == "DECIMAL(28,10)"
    moments = (datetime(2025, 10, 26, 18, 30), clock[0].replace(tzinfo=None))
    assert rows.fetchall() == [
        ("2025-W43", "city", "2025-W43", *row, "build_002", *moments)
        for row in [
            ("vouchers_issued", "city", "220100", "change", Decimal(-12), "−12"),
            ("vouchers_issued", "city", "220100", "value", Decimal(1240), "1,240"),
            ("mediation_success_rate", "county", "220102", "cumulative_value", Decimal("0.8133333333"), "81.3%"),
            ("mediation_success_rate", "industry", "jiaotong", "cumulative_value", None, "＊"),
        ]
    ]
    issues = database.execute("select distinct issue_week, edition, printed_build_id from landing.printed_figures")
    assert sorted(issues.fetchall()) == [
        ("2025-W42", "city", "build_002"),
        ("2025-W43", "220102", "build_001"),
        ("2025-W43", "city", "build_002"),
    ]
    stood = database.execute("select printed_build_id, batch_id from landing.printed_batches order by all").fetchall()
    assert stood == [("build_001", "batch-1"), ("build_002", "batch-2")]


def test_a_batch_says_partner_feed_and_days_whether_or_not_it_stands_any_more(settings):
    """Its id does: so do records that were written before anybody asked."""
    interval = Interval(date(2025, 10, 24), date(2025, 10, 25))
    batch_id = batches.batch_id("eye_hospital", "health_services", interval, "0123456789abcdef" * 4)
    write_json(record_path(settings, "build_001"), read_record(settings, "build_001") | {"batches": [batch_id]})
    printed.record(settings, issue(), METRICS, RENDERING)
    database = loaded(settings, utc_now())
    assert database.execute("select * from landing.printed_batches").fetchall() == [
        ("build_001", batch_id, "eye_hospital", "health_services", interval.start, interval.end)
    ]


def test_before_anything_was_printed_the_relations_are_there_and_empty(settings):
    database = loaded(settings, utc_now())
    for name, columns in {"printed_figures": printed.FIGURES, "printed_batches": printed.BATCHES}.items():
        rows = database.execute(f"select * from landing.{name}")
        assert [column[0] for column in rows.description] == list(columns)
        assert rows.fetchall() == []


def test_the_next_build_holds_what_was_printed_but_printing_alone_asks_for_none(settings, monkeypatch):
    monkeypatch.setattr(building, "_run_dbt", lambda *_: {"model": 1, "test": 1})
    known = landing_schema.known_by(settings, utc_now())
    before = building._fingerprint(building._code_fingerprint(settings), known)
    printed.record(settings, issue(), METRICS, RENDERING)
    made = build(settings, utc_now())
    assert read_record(settings, made.build_id)["input_fingerprint"] == before
    with duckdb.connect(str(made.path), read_only=True) as database:
        assert database.execute("select count(*) from landing.printed_figures").fetchall() == [(4,)]
        assert database.execute("select batch_id from landing.printed_batches").fetchall() == [("batch-1",)]
