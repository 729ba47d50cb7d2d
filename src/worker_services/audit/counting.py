"""A cell of the weekly mart counted again: mart, fact, staging, landing, batches, with what each step comes to.

Which rows are meant is read off the semantic layer that the mart itself was made from (warehouse/provenance.py): there
is no query here for any one metric.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb
from sqlglot import exp, parse_one

from worker_services.briefing.marts import read_rows
from worker_services.sql_literals import quoted, quoted_list
from worker_services.warehouse import lineage
from worker_services.warehouse.provenance import Feed, Measure, Provenance

Row = dict[str, Any]
Span = Literal["week", "year to date", "level"]
Role = Literal["counted", "consulted"]

COUNTED_COLUMNS: dict[str, Span] = {
    "value": "week",
    "numerator": "week",
    "denominator": "week",
    "cumulative_value": "year to date",
    "cumulative_numerator": "year to date",
    "cumulative_denominator": "year to date",
}
"""Columns of rpt_metric_weekly that are counted from rows, and over what."""
SCOPE_COLUMNS = {"union": "organisation_code", "partner": "partner_id", "project": "project_id"}
"""The column of a fact that places a row in a scope; every row is the city's."""


@dataclass(frozen=True)
class Step:
    """One step from the mart down: what stands in `relation`, as an amount, as rows, or both.

    `fault` says what does not agree with the step before, and by how much; None where all does.
    """

    step: str
    relation: str
    amount: Decimal | None
    rows: int | None
    fault: str | None = None


@dataclass(frozen=True)
class BatchRows:
    """A batch whose records were counted, or were consulted to place or judge those that were.

    `records` is how many of them, None where the number would give a hidden cell away.
    """

    batch_id: str
    partner: str
    feed: str
    interval_start: date
    interval_end: date
    contract_version: str | None
    landed_at: datetime
    raw_sha256: str | None
    parquet_sha256: str | None
    role: Role
    records: int | None


@dataclass
class Part:
    """The value, numerator or denominator of a cell: `measure` over rows of its fact from `first_day` to `last_day`.

    `first_day` is None for a level, to which all movements ever add. `columns` leads each column of the fact that is
    read to the columns of landing (or a seed) that it comes of. `rows` are the first of those that may be shown;
    `rows_hidden` more stand in cells that are not published.
    """

    part: str
    measure: Measure
    span: Span
    first_day: date | None
    last_day: date
    columns: dict[str, list[str]]
    steps: list[Step] = field(default_factory=list)
    batches: list[BatchRows] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    rows_hidden: int = 0

    @property
    def counted(self) -> Decimal | None:
        """What the rows of the fact come to."""
        return next(step.amount for step in self.steps if step.step == "fact")

    @property
    def faults(self) -> list[str]:
        return [f"{self.part}, {step.step}: {step.fault}" for step in self.steps if step.fault]


@dataclass(frozen=True)
class Cell:
    """A column of a row of rpt_metric_weekly. `year_start` is the first day of the row's ISO year."""

    row: Row
    column: str
    scope_set: str
    year_start: date

    @property
    def value(self) -> Decimal | None:
        found: Decimal | None = self.row[self.column]
        return found


def cell(database: duckdb.DuckDBPyConnection, metric: str, scope: tuple[str, str], week: str, column: str) -> Cell:
    """Look a cell up. Raises LookupError when the mart has no such row."""
    found = read_rows(
        database,
        "select weekly.*, weeks.iso_year from marts.rpt_metric_weekly as weekly "
        "join intermediate.int_weeks as weeks using (week_id) where metric_id = "
        f"{quoted(metric)} and scope_type = {quoted(scope[0])} and scope_code = {quoted(scope[1])} "
        f"and week_id = {quoted(week)}",
    )
    if not found:
        raise LookupError(f"rpt_metric_weekly has no row of {metric} for {'/'.join(scope)} in {week}")
    scope_set = scope[0] if scope[0] in ("city", "partner", "project") else "union"
    return Cell(found[0], column, scope_set, date.fromisocalendar(found[0]["iso_year"], 1, 1))


def count(database: duckdb.DuckDBPyConnection, code: Provenance, of: Cell, *, limit: int = 0) -> list[Part]:
    """Count a cell again, part by part, each step compared with the one before. The first `limit` rows are kept.

    Of a suppressed cell nothing is counted: its rows are what it hides.
    """
    if of.row["is_suppressed"]:
        return []
    database.execute(
        "create temp table if not exists listed (week varchar, part varchar, record varchar, counted_on date, "
        "counted_value varchar, organisation_code varchar, partner_id varchar, project_id varchar, batch_id varchar, "
        "row_number bigint, raw_sha256 varchar)"
    )
    return [_count(database, code, of, row, limit) for row in _components(database, of)]


def write_rows(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write all rows of what was counted on this connection that may be shown, as CSV."""
    database.execute(f"copy (select * from listed order by all) to {quoted(path)} (header)")


def _components(database: duckdb.DuckDBPyConnection, of: Cell) -> Iterator[Row]:
    """Part, kind and measure of what a column is made of, as the catalogue of the build has it."""
    metric, asked = of.row["metric_id"], of.column.removeprefix("cumulative_")
    found = read_rows(
        database,
        "select part, kind, measure_id from intermediate.int_metric_components "
        f"where metric_id = {quoted(metric)} order by part desc",
    )
    if not found:
        raise LookupError(f"the catalogue of the build does not say what {metric} is made of")
    return (row for row in found if asked == "value" or row["part"] in (asked, "value"))


def _count(database: duckdb.DuckDBPyConnection, code: Provenance, of: Cell, component: Row, limit: int) -> Part:
    measure = code.measures[component["measure_id"]]
    span: Span = "level" if component["kind"] == "stock" else COUNTED_COLUMNS[of.column]
    first_day = {"week": of.row["week_start"], "year to date": of.year_start, "level": None}[span]
    read = {column.name for text in (measure.expr, measure.event_date) for column in _columns_in(text)}
    scope_column = SCOPE_COLUMNS.get(of.scope_set)
    fact = f"marts.{measure.fact}"
    part = Part(
        part=component["part"],
        measure=measure,
        span=span,
        first_day=first_day,
        last_day=of.row["week_end"],
        columns={
            name: sorted(lineage.ends(code.lineage, f"{fact}.{name}"))
            for name in sorted(read | {scope_column} if scope_column else read)
        },
    )
    where = [f"({measure.expr}) is not null", f"{measure.event_date} <= date '{part.last_day}'"]
    where += [f"{measure.event_date} >= date '{first_day}'"] if first_day else []
    where += [f"{scope_column} = {quoted(of.row['scope_code'])}"] if scope_column else []
    database.execute(
        f"create or replace temp table counted as select row_number() over () as fact_row, ({measure.record})::varchar "
        f"as fact_record, ({measure.expr}) as counted_value, ({measure.event_date})::date as counted_on, fact.* "
        f"from {fact} as fact where {' and '.join(where)}"
    )
    database.execute("create or replace temp table places (fact_row bigint, row_number bigint)")
    _hide(database, of)
    _amounts(database, of, part)
    _records(database, code, part)
    _list(database, of, part, limit)
    return part


def _hide(database: duckdb.DuckDBPyConnection, of: Cell) -> None:
    """Of the counted rows those in cells that are not published, in their own week or in the cell's."""
    database.execute(
        f"""
        create or replace temp table hidden as
        select counted.fact_row, bool_or(cells.scope_set = 'partner') as is_of_partner
        from counted
        join (
            select split_part(cell_set, '/', 2) as scope_set, cell_code, week_start
            from intermediate.int_suppressed_cells
            where split_part(cell_set, '/', 1) in (
                select persons_measure_id from intermediate.int_metric_persons
                where metric_id = {quoted(of.row["metric_id"])}
            )
        ) as cells
            on cells.week_start in (date_trunc('week', counted.counted_on)::date, date '{of.row["week_start"]}')
            and cells.cell_code = case cells.scope_set
                when 'union' then counted.organisation_code
                when 'partner' then counted.partner_id
                else counted.project_id
            end
        group by counted.fact_row
        """
    )


def _amounts(database: duckdb.DuckDBPyConnection, of: Cell, part: Part) -> None:
    """From the row of the mart to the rows of the fact: it comes to the same at each step."""
    metric, week, scope = quoted(of.row["metric_id"]), quoted(of.row["week_id"]), quoted(of.row["scope_code"])
    column = "denominator" if part.part == "denominator" else "numerator"
    column = f"cumulative_{column}" if of.column.startswith("cumulative_") else column
    weekly = {"week": "amount", "year to date": "year_to_date", "level": "level_at_end"}[part.span]
    cells = "amount_added" if part.span == "year to date" else "amount"
    since = f"and week_start >= date '{part.first_day}'" if part.first_day else ""
    in_set = f"scope_set = {quoted(of.scope_set)} and scope_code = {scope}"
    measure = f"measure_id = {quoted(part.measure.name)}"
    by_metric = f"metric_id = {metric} and week_id = {week}"
    before_hiding = f"select {column} from intermediate.int_metric_weekly where {by_metric} and {in_set}"
    through = f"week_start <= date '{of.row['week_start']}' {since}"
    queries = {
        ("mart", "marts.rpt_metric_weekly"): f"select {column} from marts.rpt_metric_weekly where {by_metric} "
        f"and scope_type = {quoted(of.row['scope_type'])} and scope_code = {scope}",
        ("metric", "intermediate.int_metric_weekly"): before_hiding,
        ("measure", "intermediate.int_measure_weekly"): f"select {weekly} from intermediate.int_measure_weekly "
        f"where {measure} and week_id = {week} and {in_set}",
        ("weeks", "intermediate.int_measure_cells"): f"select sum({cells}) from intermediate.int_measure_cells "
        f"where {measure} and {through} and {in_set}",
        ("fact", f"marts.{part.measure.fact}"): "select cast(sum(counted_value) as decimal(28, 4)) from counted"
        if part.measure.aggregation == "sum"
        else "select count(distinct counted_value) from counted",
    }
    [(fact_rows,)] = database.execute("select count(*) from counted").fetchall()
    before: Decimal | None = None
    for (step, relation), query in queries.items():
        found = database.execute(query).fetchall()
        amount = Decimal(found[0][0]) if found and found[0][0] is not None else None
        # A scope without a part in it counts nothing; a level that nobody has told of yet is not known.
        if amount is None and (part.span != "level" or (before == 0 and step in ("weeks", "fact"))):
            amount = Decimal(0)
        fault = f"{said(amount)} instead of {said(before)}" if part.steps and amount != before else None
        part.steps.append(Step(step, relation, amount, fact_rows if step == "fact" else None, fault))
        before = amount


def _records(database: duckdb.DuckDBPyConnection, code: Provenance, part: Part) -> None:
    """From the rows of the fact to the records they were made of, as staged and as landed, and their batches."""
    [(fact_rows,)] = database.execute("select count(*) from counted").fetchall()
    names = _names(database, "temp", "counted")
    if "batch_id" not in names:  # the federation's own figures, which no partner delivers
        part.steps += [Step("seed", f"seeds.{feed}", None, fact_rows) for feed in part.measure.feeds]
        return
    found = database.execute(
        "select batches.feed, count(*) from counted left join landing.batches as batches using (batch_id) group by all "
        "order by batches.feed nulls first"
    ).fetchall()
    counted: dict[str, int] = {}
    feeds = []
    for feed, rows in found:
        if feed is None:
            part.steps.append(
                Step("batches", "landing.batches", None, 0, f"{rows} rows of the fact name no batch there")
            )
            continue
        counted |= _of_feed(database, code.feeds[feed], feed, rows, names, part)
        feeds.append(feed)
    hidden = {
        batch_id
        for (batch_id,) in database.execute(
            "select distinct batch_id from counted join hidden using (fact_row) where is_of_partner"
        ).fetchall()
    }
    consulted = _consulted(database, code, feeds, part)
    stated = [each.name for each in fields(BatchRows) if each.name not in ("role", "records")]
    for role, records in (("counted", counted), ("consulted", consulted)):
        rows_of = read_rows(
            database,
            f"select {', '.join(stated)} from landing.batches where list_contains({quoted_list(records)}, batch_id) "
            "order by feed, partner, interval_start, landed_at",
        )
        for row in rows_of:
            is_hidden = row["batch_id"] in hidden or (hidden and role == "consulted")
            shown = None if is_hidden else records[row["batch_id"]]
            part.batches.append(BatchRows(**row, role=role, records=shown))  # type: ignore[arg-type]


def _of_feed(
    database: duckdb.DuckDBPyConnection, stated: Feed, feed: str, rows: int, names: list[str], part: Part
) -> dict[str, int]:
    """The records of a feed behind the counted rows: as staged, then as landed. Returns the number by batch."""
    staging, records = _staging(database, feed), f"records_of_{feed}"
    keys = {name: "record_id" if "record_id" in names else name for name in stated.key}
    matches = " and ".join(f'counted."{given}"::varchar = staged."{name}"::varchar' for name, given in keys.items())
    database.execute(
        "create or replace temp table staged as select counted.fact_row, staged.* from counted "
        f"join landing.batches as batches on counted.batch_id = batches.batch_id and batches.feed = {quoted(feed)} "
        f"join staging.{staging} as staged on counted.batch_id = staged.batch_id and {matches}"
    )
    database.execute(f"create or replace temp table {records} as select distinct * exclude (fact_row) from staged")
    [(pairs, found)] = database.execute("select count(*), count(distinct fact_row) from staged").fetchall()
    [(number,)] = database.execute(f"select count(*) from {records}").fetchall()
    fault = None
    if found != rows:
        fault = f"{rows - found} of {rows} rows of the fact have no record there"
    elif pairs != rows:
        fault = f"{rows} rows of the fact have {pairs} records there"
    part.steps.append(Step("staging", f"staging.{staging}", None, number, fault))

    latest = "_row_number desc"
    if not stated.is_snapshot:
        latest = f"coalesce(updated_at, cast(_interval_end as timestamp)) desc, {latest}"
    key = ", ".join(f'"{name}"' for name in stated.key)
    database.execute(
        f'create or replace temp table landed as select * from landing."{feed}" '
        f"where _batch_id in (select batch_id from {records}) "
        f"qualify row_number() over (partition by _batch_id, {key} order by {latest}) = 1"
    )
    # Staging says partner_id of who delivered, landing of whoever a record names so.
    both = {*_names(database, "landing", feed)} & {*_names(database, "staging", staging)} - {"partner_id"}
    same = " and ".join(f'staged."{name}" = landed."{name}"' for name in stated.key)
    unlike = " or ".join(f'staged."{name}" is distinct from landed."{name}"' for name in sorted(both))
    [(found, differing)] = database.execute(
        "select count(landed._batch_id), count(landed._batch_id) filter ("
        f"staged.partner_id is distinct from landed._partner or {unlike}) "
        f"from {records} as staged left join landed on staged.batch_id = landed._batch_id and {same}"
    ).fetchall()
    fault = None
    if found != number:
        fault = f"{number - found} of {number} records have not landed"
    elif differing:
        fault = f"{differing} of {number} records do not say what landed"
    part.steps.append(Step("landing", f"landing.{feed}", None, found, fault))
    database.execute(
        "insert into places select staged.fact_row, landed._row_number from staged "
        f"join landed on staged.batch_id = landed._batch_id and {same}"
    )
    return dict(database.execute(f"select batch_id, count(*) from {records} group by batch_id").fetchall())


def _consulted(database: duckdb.DuckDBPyConnection, code: Provenance, counted: list[str], part: Part) -> dict[str, int]:
    """Records of other feeds that decide how those are counted: feeds that the measure names, or that they refer to.

    Told by the key of one of the two feeds; within a partner, where one partner supplies both. Returns the number by
    batch.
    """
    found: dict[str, int] = {}
    for feed in counted:
        names = _names(database, "temp", f"records_of_{feed}")
        others = {*part.measure.feeds, *code.feeds[feed].references.values()} - {*counted}
        for other in sorted(others & code.feeds.keys()):
            staging = _staging(database, other)
            both = {*names} & {*_names(database, "staging", staging)}
            shared = [key for key in (code.feeds[other].key, code.feeds[feed].key) if {*key} <= both]
            if not shared:
                continue
            suppliers = database.execute(
                "select partner_id from staging.stg_landing__partners where feed in ($1, $2) "
                "group by partner_id having count(*) = 2",
                [feed, other],
            ).fetchall()
            columns = ", ".join([*shared[0], *(["partner_id"] if suppliers else [])])
            rows = dict(
                database.execute(
                    f"select batch_id, count(*) from staging.{staging} semi join records_of_{feed} using ({columns}) "
                    "group by batch_id"
                ).fetchall()
            )
            part.steps.append(Step("consulted", f"staging.{staging}", None, sum(rows.values())))
            found |= rows
    return found


def _list(database: duckdb.DuckDBPyConnection, of: Cell, part: Part, limit: int) -> None:
    """List the rows that may be shown: what was counted, where, and in which line of which delivery it stands."""
    batch_id = "counted.batch_id" if "batch_id" in _names(database, "temp", "counted") else "null"
    this = f"week = {quoted(of.row['week_id'])} and part = {quoted(part.part)}"
    database.execute(
        f"insert into listed select {quoted(of.row['week_id'])}, {quoted(part.part)}, fact_record, counted_on, "
        f"counted_value::varchar, organisation_code, partner_id, project_id, {batch_id}, places.row_number, "
        "batches.raw_sha256 from counted anti join hidden using (fact_row) left join places using (fact_row) "
        f"left join landing.batches as batches on {batch_id} = batches.batch_id"
    )
    [(part.rows_hidden,)] = database.execute("select count(*) from hidden").fetchall()
    part.rows = read_rows(
        database,
        f"select * exclude (week, part) from listed where {this} order by counted_on, record limit {limit}",
    )


def _columns_in(text: str) -> Iterator[exp.Column]:
    return parse_one(text, dialect=lineage.DIALECT).find_all(exp.Column)


def _staging(database: duckdb.DuckDBPyConnection, feed: str) -> str:
    """The staging model of a feed: stg_<source>__<feed>. Raises LookupError."""
    found = database.execute(
        "select table_name from duckdb_tables() where schema_name = 'staging' and split_part(table_name, '__', 2) = $1",
        [feed],
    ).fetchall()
    if len(found) != 1:
        raise LookupError(f"the build has {len(found)} staging models of {feed}")
    return str(found[0][0])


def _names(database: duckdb.DuckDBPyConnection, schema: str, relation: str) -> list[str]:
    """Names of the columns of a relation; of a temporary table under the schema 'temp'."""
    name = f"temp.{relation}" if schema == "temp" else f'{schema}."{relation}"'
    return [column[0] for column in database.execute(f"select * from {name} limit 0").description or []]


def said(amount: Decimal | None) -> str:
    """An amount without the zeros at its end."""
    return "nothing" if amount is None else f"{amount.normalize():f}"
