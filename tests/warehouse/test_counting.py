"""Cells of the mart counted again from their rows, and the lineage of the marts' columns, on the fixed data."""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.fixed_landing import Build
from worker_services.audit import counting
from worker_services.audit.counting import Cell, Part
from worker_services.metrics import catalogue
from worker_services.warehouse import lineage
from worker_services.warehouse.provenance import Provenance

WEEK = "2025-W43"
CITY, SOUTH = ("city", "220100"), ("county", "220102")
COLUMNS = ("value", "cumulative_value")
# Names of what is told apart by a model itself, and definitions that the semantic layer states.
CONSTANTS = {
    "rpt_fault_units": {"fault", "metric_id"},
    "rpt_fault_weekly": {"fault", "metric_id", "direction"},
    "rpt_metric_catalogue": {
        "metric_id", "name_zh", "name_en", "definition_zh", "definition_en", "unit_zh", "unit_en", "unit_one_en",
        "project_id", "kind", "numerator_metric_id", "denominator_metric_id", "decimals", "direction", "fault",
        "is_additive", "is_headline", "display_order",
    },
    "rpt_metric_feeds": {"metric_id", "feed"},
    "rpt_metric_weekly": {"metric_id"},
    "rpt_quality_points_lost": {"scope_type"},
    "rpt_quality_scorecard": {"scope_type"},
    "rpt_reconciliation_differences": {"kind", "difference"},
    "rpt_reconciliation_weekly": {"kind"},
    "rpt_restatement_batches": {"change"},
    "rpt_uneven_progress_units": {"metric_id"},
}  # fmt: skip


@pytest.fixture(scope="module")
def database(fixed: Build) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(fixed.path), read_only=True) as connection:
        yield connection


def counted(
    database: duckdb.DuckDBPyConnection, code: Provenance, metric: str, scope: tuple[str, str], column: str
) -> tuple[Cell, list[Part]]:
    cell = counting.cell(counting.rows_of(database, [WEEK]), metric, scope, WEEK, column)
    [parts] = counting.count(database, code, [cell], limit=None)
    return cell, parts


def made_of(cell: Cell, parts: list[Part]) -> Decimal | None:
    """The figure that the counted rows make."""
    amounts = {part.part: part.counted for part in parts}
    if "denominator" not in amounts:
        return amounts["value"]
    numerator, denominator = amounts["numerator"], amounts["denominator"]
    return (numerator / denominator).quantize(Decimal("1e-10")) if numerator is not None and denominator else None


@dataclass(frozen=True)
class Recounted:
    """Every metric counted again: by scope, column and metric; and the file with the rows of all of them."""

    cells: dict[tuple[tuple[str, str], str, str], tuple[Cell, list[Part]]]
    listed: Path


@pytest.fixture(scope="module")
def recounted(fixed: Build, code: Provenance, tmp_path_factory: pytest.TempPathFactory) -> Recounted:
    asked = [(scope, column, metric) for scope in (CITY, SOUTH) for column in COLUMNS for metric in catalogue()]
    path = tmp_path_factory.mktemp("recounted") / "rows.csv"
    with duckdb.connect(str(fixed.path), read_only=True) as database:
        rows = counting.rows_of(database, [WEEK])
        cells = [counting.cell(rows, metric, scope, WEEK, column) for scope, column, metric in asked]
        counted = counting.count(database, code, cells, limit=None)
        counting.write_rows(database, path)
    return Recounted(dict(zip(asked, zip(cells, counted, strict=True), strict=True)), path)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("scope", [CITY, SOUTH], ids=["city", "union"])
def test_the_rows_of_every_metric_make_the_figure_of_the_mart(recounted, scope, column):
    faults, shown = [], 0
    for metric in catalogue():
        cell, parts = recounted.cells[scope, column, metric]
        if cell.row["is_suppressed"]:
            assert parts == []
            continue
        shown += 1
        faults += [f"{metric}: {fault}" for part in parts for fault in part.faults]
        if made_of(cell, parts) != cell.value:
            faults.append(f"{metric}: rows make {made_of(cell, parts)}, the mart says {cell.value}")
    assert faults == []
    assert shown == len(catalogue()) if scope == CITY else shown > 50


@pytest.mark.parametrize(
    ("metric", "scope"),
    [
        ("health_person_times", ("partner", "maternity_hospital")),
        ("workers_served", ("project", "health_campaign")),
        ("vouchers_issued", ("partner", "eye_hospital")),
        ("positions_offered", ("direct", "DIR")),
    ],
)
def test_partners_projects_and_other_unions_are_scopes_like_any(database, code, metric, scope):
    kinds = {row[0] for row in database.execute("select scope_type from intermediate.int_metric_scopes").fetchall()}
    assert scope[0] in kinds
    for column in counting.COUNTED_COLUMNS:
        _, parts = counted(database, code, metric, scope, column)
        assert [fault for part in parts for fault in part.faults] == []


def test_the_listed_rows_say_each_once_what_was_counted_and_in_which_line_it_stands(recounted):
    """Every metric whose rows may all be shown is counted once more from its list alone; the file has all lists."""
    compared, listed = 0, Counter()
    for (scope, column, metric), (_, parts) in recounted.cells.items():
        for part in parts:
            listed += Counter((part.part, *map(str, row.values())) for row in part.rows)
            if (scope, column) != (CITY, "cumulative_value"):
                continue
            assert len(part.rows) + part.rows_hidden == next(step.rows for step in part.steps if step.step == "fact")
            assert len({row["record"] for row in part.rows}) == len(part.rows)
            if "organisation_members" not in part.measure.feeds:
                assert all(row["batch_id"] and row["row_number"] for row in part.rows)
            if part.rows_hidden or part.counted is None:
                continue
            values = [row["counted_value"] for row in part.rows]
            of_rows = sum(map(Decimal, values)) if part.measure.aggregation == "sum" else len(set(values))
            assert of_rows == part.counted, f"{metric}, {part.part}"
            compared += bool(part.rows)
    assert compared > 50
    with recounted.listed.open(encoding="utf-8", newline="") as file:
        lines = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    assert {row.pop("week") for row in lines} == {WEEK}
    assert Counter(tuple(map(str, row.values())) for row in lines) == listed


def test_rows_of_cells_that_are_not_published_are_counted_but_not_shown(database, code):
    database.execute("drop table if exists listed")
    cell, parts = counted(database, code, "health_person_times", CITY, "value")
    hidden = {
        (code_, week)
        for code_, week in database.execute(
            "select cell_code, week_start from intermediate.int_suppressed_cells where cell_set like 'health_persons/%'"
        ).fetchall()
    }
    assert cell.value is not None
    [part] = parts
    assert part.rows_hidden > 0
    shown = database.execute("select organisation_code, partner_id, project_id from listed").fetchall()
    assert not {(place, cell.row["week_start"]) for row in shown for place in row} & hidden
    assert None in {batch.records for batch in part.batches}


def test_records_that_decide_how_others_count_are_named_with_their_batches(database, code):
    _, parts = counted(database, code, "mediation_success_rate", CITY, "value")
    for part in parts:
        steps = {step.relation: step.rows for step in part.steps}
        assert steps["marts.fct_mediation_cases"] == steps["landing.mediation_cases"] == 3
        assert steps["staging.stg_mediation_center__mediation_events"] == 6
        assert {(batch.feed, batch.role) for batch in part.batches} == {
            ("mediation_cases", "counted"),
            ("mediation_events", "consulted"),
        }


CASES, STAGED = "marts.fct_mediation_cases", "staging.stg_mediation_center__mediation_cases"
TAMPERED = [
    ("update marts.rpt_metric_weekly set numerator = 9 where metric_id = 'mediation_success_rate'", "metric"),
    ("update intermediate.int_measure_weekly set amount = 9 where measure_id = 'mediation_cases_agreed'", "measure"),
    ("update intermediate.int_measure_cells set amount = 9 where measure_id = 'mediation_cases_concluded'", "weeks"),
    (f"update {CASES} set case_state = 'agreement' where case_state = 'no_agreement'", "fact"),
    (f"delete from {CASES} where case_id = 'C3'", "fact"),
    (f"update {CASES} set batch_id = 'of nobody' where case_id = 'C3'", "batches"),
    (f"delete from {STAGED} where case_id = 'C3'", "staging"),
    (f"update {STAGED} set dispute_type = 'other' where case_id = 'C3'", "landing"),
    ("delete from landing.mediation_cases where case_id = 'C3'", "landing"),
]


@pytest.mark.parametrize(("statement", "step"), TAMPERED)
def test_one_row_altered_in_the_build_is_found_where_it_was_altered(fixed, code, tmp_path, statement, step):
    altered = tmp_path / fixed.path.name
    shutil.copy(fixed.path, altered)
    with duckdb.connect(str(altered)) as writing:
        writing.execute(statement)
    with duckdb.connect(str(altered), read_only=True) as database:
        _, parts = counted(database, code, "mediation_success_rate", CITY, "value")
    faults = [fault for part in parts for fault in part.faults]
    assert faults
    assert all(f", {step}: " in fault for fault in faults[:1]), faults


# --- lineage --------------------------------------------------------------------------------------------------------


def of_reports(code: Provenance) -> dict[str, set[str]]:
    """Columns of every mart for reports."""
    return {
        relation: set(columns) - {lineage.ROWS}
        for relation, columns in code.lineage.items()
        if relation.startswith("marts.rpt_")
    }


def test_every_column_of_a_report_comes_of_landing_or_seeds_or_is_a_constant(
    fixed: Build, code: Provenance, record_property
):
    reports, unresolved, constants, elsewhere = of_reports(code), {}, {}, set()
    for relation, columns in reports.items():
        stated = {name for (name,) in fixed.query(f"select column_name from (describe {relation})")}
        assert columns == stated, relation
        for column in columns:
            name = f"{relation}.{column}"
            unresolved |= lineage.unresolved(code.lineage, name)
            ends = lineage.ends(code.lineage, name)
            elsewhere |= {end for end in ends if end.partition(".")[0] not in ("landing", "seeds")}
            if not ends:
                constants.setdefault(relation.removeprefix("marts."), set()).add(column)
    record_property("columns", sum(map(len, reports.values())))
    assert len(reports) >= 18
    assert unresolved == {}
    assert elsewhere == set()
    assert constants == CONSTANTS


def test_lineage_leads_a_figure_to_the_columns_that_partners_deliver(code: Provenance) -> None:
    ends = lineage.ends(code.lineage, "marts.fct_mediation_cases.is_concluded")
    assert ends == {"landing.mediation_events.event_type"}
    ends = lineage.ends(code.lineage, "marts.rpt_metric_weekly.value")
    assert {"landing.mediation_events.event_type", "landing.health_services.service_date"} <= ends


def test_what_was_counted_names_the_landed_columns_it_reads(database, code) -> None:
    _, parts = counted(database, code, "training_person_times", SOUTH, "value")
    [part] = parts
    assert part.columns["organisation_code"] == ["landing.training_sessions.organisation_code"]
    assert part.columns["attended_on"] == ["landing.training_attendances.attended_on"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*) as n from a.b", {"a.b.*"}),
        ("select sum(1) as n from a.b as x", {"a.b.*"}),
        ("select 'city' as n from a.b", set()),
        ("with c as (select * from a.b) select coalesce(c.x, d.y) as n from c left join a.d as d on c.y = d.y",
         {"a.b.x", "a.d.y"}),
        ("select x as n from a.b union all select y as n from a.d", {"a.b.x", "a.d.y"}),
        ("select sum(x) over (partition by y) as n from a.b", {"a.b.x", "a.b.y"}),
        ("select (select max(y) from a.d) as n from a.b", {"a.d.y"}),
    ],
)  # fmt: skip
def test_what_a_column_is_made_of_is_read_off_the_sql(sql: str, expected: set[str]) -> None:
    relations: dict[str, Any] = {"a.b": {"x": "integer", "y": "integer"}, "a.d": {"y": "integer"}}
    found = lineage.of_models({"m.n": sql}, relations)
    assert lineage.ends(found, "m.n.n") == expected


def test_sql_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    found = lineage.of_models({"m.n": "select from where"}, {"m.n": {"x": "integer"}})
    assert "could not be read" in str(found["m.n"]["x"].unresolved)
