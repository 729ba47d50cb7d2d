"""A cell of the weekly mart counted again: mart, fact, staging, landing, batches, with what each step comes to.

Which rows are meant is read off the semantic layer that the mart itself was made from (warehouse/provenance.py): there
is no query here for any one metric.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import duckdb
from sqlglot import exp, parse_one

from worker_services.briefing.marts import MetricKey, Row, read_rows
from worker_services.sql_literals import quoted, quoted_list
from worker_services.warehouse import lineage
from worker_services.warehouse.provenance import Feed, Measure, Provenance

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
RECOUNTED = (
    "metric varchar",
    "scope_type varchar",
    "scope_code varchar",
    "week varchar",
    "mart_column varchar",
    "part varchar",
    "measure varchar",
    "aggregation varchar",
    "scope_column varchar",
    "first_day date",
    "last_day date",
    "amount varchar",
    "rows bigint",
    "rows_not_listed bigint",
)
"""Columns of cells.csv: rows of the measure within `scope_column` = `scope_code` and the days come to `amount`."""
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


def rows_of(database: duckdb.DuckDBPyConnection, weeks: Iterable[str]) -> dict[MetricKey, Row]:
    """The rows of rpt_metric_weekly in some weeks, by metric, scope type, scope code and week."""
    found = read_rows(
        database,
        "select weekly.*, weeks.iso_year from marts.rpt_metric_weekly as weekly "
        f"join intermediate.int_weeks as weeks using (week_id) where list_contains({quoted_list(weeks)}, week_id)",
    )
    return {(row["metric_id"], row["scope_type"], row["scope_code"], row["week_id"]): row for row in found}


def cell(rows: Mapping[MetricKey, Row], metric: str, scope: tuple[str, str], week: str, column: str) -> Cell:
    """Look a cell up. Raises LookupError when the mart has no such row."""
    row = rows.get((metric, *scope, week))
    if row is None:
        raise LookupError(f"rpt_metric_weekly has no row of {metric} for {'/'.join(scope)} in {week}")
    scope_set = scope[0] if scope[0] in ("city", "partner", "project") else "union"
    return Cell(row, column, scope_set, date.fromisocalendar(row["iso_year"], 1, 1))


def count(
    database: duckdb.DuckDBPyConnection,
    code: Provenance,
    cells: Sequence[Cell],
    *,
    limit: int | None = 0,
    rows_into: Path | None = None,
) -> list[list[Part]]:
    """Count cells again: for each its parts, each step compared with the one before.

    The first `limit` rows of a part are kept of those that may be shown, or all of them. With `rows_into`, that folder
    gets what each cell can be counted from once more: <measure>.csv with the rows that may be shown of any of them, and
    cells.csv with the cells. Nobody is named there: what is told apart is numbered.

    What is counted of one measure is counted in one pass, however many cells ask for it. Of a suppressed cell nothing
    is counted: its rows are what it hides.
    """
    database.execute(
        "create temp table if not exists listed (week varchar, part varchar, record varchar, counted_on date, "
        "counted_value varchar, organisation_code varchar, partner_id varchar, project_id varchar, batch_id varchar, "
        "row_number bigint, raw_sha256 varchar)"
    )
    if rows_into:
        rows_into.mkdir(parents=True, exist_ok=True)
        database.execute(f"create or replace temp table recounted ({', '.join(RECOUNTED)})")
    components = _components(database)
    parts: list[list[Part]] = []
    by_measure: dict[str, list[_Unit]] = {}
    for cell in cells:
        units = [] if cell.row["is_suppressed"] else [_unit(code, cell, each) for each in _asked(components, cell)]
        parts.append([unit.part for unit in units])
        for unit in units:
            by_measure.setdefault(unit.part.measure.name, []).append(unit)
    try:
        for of_measure in by_measure.values():
            _count(database, code, of_measure, limit)
            if rows_into:
                _write_measure(database, of_measure, rows_into)
        if rows_into:
            database.execute(
                f"copy (select * from recounted order by all) to {quoted(rows_into / 'cells.csv')} (header)"
            )
    finally:
        for (name,) in database.execute(
            "select table_name from duckdb_tables() where temporary and starts_with(table_name, 'landed_')"
        ).fetchall():
            database.execute(f"drop table temp.{name}")
    return parts


def write_rows(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the rows that were kept of what was counted on this connection, as CSV."""
    database.execute(f"copy (select * from listed order by all) to {quoted(path)} (header)")


@dataclass(frozen=True)
class _Unit:
    """What is counted at once with others of its measure: a part of a cell."""

    of: Cell
    part: Part

    @property
    def is_cumulative(self) -> bool:
        return self.of.column.startswith("cumulative_")


def _components(database: duckdb.DuckDBPyConnection) -> dict[str, list[Row]]:
    """Part, kind and measure of what each metric is made of, as the catalogue of the build has it."""
    found: dict[str, list[Row]] = {}
    for row in read_rows(
        database,
        "select metric_id, part, kind, measure_id from intermediate.int_metric_components "
        "order by metric_id, part desc",
    ):
        found.setdefault(row["metric_id"], []).append(row)
    return found


def _asked(components: dict[str, list[Row]], of: Cell) -> list[Row]:
    metric, asked = of.row["metric_id"], of.column.removeprefix("cumulative_")
    if metric not in components:
        raise LookupError(f"the catalogue of the build does not say what {metric} is made of")
    return [row for row in components[metric] if asked == "value" or row["part"] in (asked, "value")]


def _unit(code: Provenance, of: Cell, component: Row) -> _Unit:
    measure = code.measures[component["measure_id"]]
    span: Span = "level" if component["kind"] == "stock" else COUNTED_COLUMNS[of.column]
    read = {column.name for text in (measure.expr, measure.event_date) for column in _columns_in(text)}
    if scope_column := SCOPE_COLUMNS.get(of.scope_set):
        read.add(scope_column)
    columns = {name: sorted(lineage.ends(code.lineage, f"marts.{measure.fact}.{name}")) for name in sorted(read)}
    return _Unit(
        of,
        Part(
            part=component["part"],
            measure=measure,
            span=span,
            first_day={"week": of.row["week_start"], "year to date": of.year_start, "level": None}[span],
            last_day=of.row["week_end"],
            columns=columns,
        ),
    )


def _count(database: duckdb.DuckDBPyConnection, code: Provenance, units: list[_Unit], limit: int | None) -> None:
    measure = units[0].part.measure
    _ask(database, units)
    days = [unit.part.first_day for unit in units]
    where = [f"({measure.expr}) is not null", f"{measure.event_date} <= date '{max(u.part.last_day for u in units)}'"]
    where += [] if None in days else [f"{measure.event_date} >= date '{min(filter(None, days))}'"]
    codes: dict[str, set[str]] = {}
    for unit in units:
        codes.setdefault(unit.of.scope_set, set()).add(unit.of.row["scope_code"])
    if codes.keys() <= SCOPE_COLUMNS.keys():
        within = [f"{SCOPE_COLUMNS[name]} in ({', '.join(map(quoted, sorted(of)))})" for name, of in codes.items()]
        where.append(f"({' or '.join(within)})")
    database.execute(
        f"create or replace temp table counted as select row_number() over () as fact_row, ({measure.record})::varchar "
        f"as fact_record, ({measure.expr}) as counted_value, ({measure.event_date})::date as counted_on, fact.* "
        f"from marts.{measure.fact} as fact where {' and '.join(where)}"
    )
    in_scope = [
        f"select asked.unit, counted.fact_row from asked join counted on asked.scope_set = {quoted(name)} "
        "and counted.counted_on between coalesce(asked.first_day, date '0001-01-01') and asked.last_day "
        + (f"and counted.{SCOPE_COLUMNS[name]} = asked.scope_code" if name in SCOPE_COLUMNS else "")
        for name in sorted(codes)
    ]
    database.execute(f"create or replace temp table unit_rows as {' union all '.join(in_scope)}")
    database.execute("create or replace temp table places (fact_row bigint, row_number bigint)")
    _hide(database)
    _amounts(database, units)
    _records(database, code, units)
    _list(database, units, limit)


def _ask(database: duckdb.DuckDBPyConnection, units: list[_Unit]) -> None:
    """What is asked for, a row a unit, numbered as they stand."""
    rows = []
    for number, unit in enumerate(units):
        column = "denominator" if unit.part.part == "denominator" else "numerator"
        stated = (
            unit.of.row["metric_id"],
            unit.of.row["scope_type"],
            unit.of.scope_set,
            unit.of.row["scope_code"],
            unit.of.row["week_id"],
            unit.part.part,
            unit.part.span,
            f"cumulative_{column}" if unit.is_cumulative else column,
        )
        first_day = f"date '{unit.part.first_day}'" if unit.part.first_day else "null::date"
        days = f"date '{unit.of.row['week_start']}', {first_day}, date '{unit.part.last_day}'"
        rows.append(f"({number}, {', '.join(map(quoted, stated))}, {days})")
    database.execute(
        f"create or replace temp table asked as select * from (values {', '.join(rows)}) as asked (unit, metric_id, "
        "scope_type, scope_set, scope_code, week_id, part, span, mart_column, week_start, first_day, last_day)"
    )


def _hide(database: duckdb.DuckDBPyConnection) -> None:
    """Of the counted rows those in cells that are not published, in their own week or in the cell's."""
    database.execute(
        """
        create or replace temp table hidden as
        with suppressed as (
            select distinct
                persons.metric_id,
                split_part(cells.cell_set, '/', 2) as scope_set,
                cells.cell_code,
                cells.week_start
            from intermediate.int_suppressed_cells as cells
            join intermediate.int_metric_persons as persons
                on split_part(cells.cell_set, '/', 1) = persons.persons_measure_id
            semi join asked on persons.metric_id = asked.metric_id
        ),
        placed as (
            select
                unit_rows.unit,
                unit_rows.fact_row,
                asked.metric_id,
                unnest([date_trunc('week', counted.counted_on)::date, asked.week_start]) as week_start,
                counted.organisation_code,
                counted.partner_id,
                counted.project_id
            from unit_rows
            join asked using (unit)
            join counted using (fact_row)
            where asked.metric_id in (select suppressed.metric_id from suppressed)
        ),
        cells as (
            select unit, fact_row, metric_id, week_start, 'union' as scope_set, organisation_code as cell_code
            from placed
            union all
            select unit, fact_row, metric_id, week_start, 'partner' as scope_set, partner_id as cell_code from placed
            union all
            select unit, fact_row, metric_id, week_start, 'project' as scope_set, project_id as cell_code from placed
        )
        select unit, fact_row, bool_or(scope_set = 'partner') as is_of_partner
        from cells
        join suppressed using (metric_id, week_start, scope_set, cell_code)
        group by unit, fact_row
        """
    )


def _amounts(database: duckdb.DuckDBPyConnection, units: list[_Unit]) -> None:
    """From the row of the mart to the rows of the fact: it comes to the same at each step."""
    measure = units[0].part.measure
    columns = sorted({f"{so_far}{name}" for so_far in ("", "cumulative_") for name in ("numerator", "denominator")})
    picked = " ".join(f"when {quoted(name)} then source.{name}" for name in columns)
    in_set = "asked.scope_set = source.scope_set and asked.scope_code = source.scope_code"
    of_measure = f"source.measure_id = {quoted(measure.name)}"
    fact = "cast(sum(counted.counted_value) as decimal(28, 4))"
    if measure.aggregation == "count_distinct":
        fact = "count(distinct counted.counted_value)"
    queries = {
        ("mart", "marts.rpt_metric_weekly"): f"select unit, case mart_column {picked} end from asked "
        "join marts.rpt_metric_weekly as source using (metric_id, scope_type, scope_code, week_id)",
        ("metric", "intermediate.int_metric_weekly"): f"select unit, case mart_column {picked} end from asked "
        "join intermediate.int_metric_weekly as source using (metric_id, scope_set, scope_code, week_id)",
        ("measure", "intermediate.int_measure_weekly"): "select unit, case span when 'week' then source.amount "
        "when 'level' then source.level_at_end else source.year_to_date end from asked "
        f"join intermediate.int_measure_weekly as source on {of_measure} and {in_set} "
        "and source.week_id = asked.week_id",
        ("weeks", "intermediate.int_measure_cells"): "select unit, sum(case span when 'year to date' then "
        "source.amount_added else source.amount end) from asked join intermediate.int_measure_cells as source "
        f"on {of_measure} and {in_set} and source.week_start <= asked.week_start "
        "and (asked.first_day is null or source.week_start >= asked.first_day) group by unit",
        ("fact", f"marts.{measure.fact}"): f"select unit, {fact} from unit_rows join counted using (fact_row) "
        "group by unit",
    }
    fact_rows = _numbers(database, "select unit, count(*) from unit_rows group by unit")
    for (step, relation), query in queries.items():
        found = dict(database.execute(query).fetchall())
        for number, unit in enumerate(units):
            part, given = unit.part, found.get(number)
            before = part.steps[-1].amount if part.steps else None
            amount = None if given is None else Decimal(given)
            # A scope without a part in it counts nothing; a level that nobody has told of yet is not known.
            if amount is None and (part.span != "level" or (before == 0 and step in ("weeks", "fact"))):
                amount = Decimal(0)
            fault = f"{said(amount)} instead of {said(before)}" if part.steps and amount != before else None
            rows = fact_rows.get(number, 0) if step == "fact" else None
            part.steps.append(Step(step, relation, amount, rows, fault))


def _numbers(database: duckdb.DuckDBPyConnection, query: str) -> dict[int, int]:
    """A number for each unit that has one."""
    return dict(database.execute(query).fetchall())


Records = dict[int, dict[str, int]]
"""For each unit the batches of its records, with how many they are."""


def _records(database: duckdb.DuckDBPyConnection, code: Provenance, units: list[_Unit]) -> None:
    """From the rows of the fact to the records they were made of, as staged and as landed, and their batches."""
    names = _names(database, "temp", "counted")
    if "batch_id" not in names:  # the federation's own figures, which no partner delivers
        for unit in units:
            rows = next(step.rows for step in unit.part.steps if step.step == "fact")
            unit.part.steps += [Step("seed", f"seeds.{feed}", None, rows) for feed in unit.part.measure.feeds]
        return
    rows_of: dict[str | None, dict[int, int]] = {}
    for unit_number, feed, rows in database.execute(
        "select unit_rows.unit, batches.feed, count(*) from unit_rows join counted using (fact_row) "
        "left join landing.batches as batches using (batch_id) group by all order by batches.feed nulls first"
    ).fetchall():
        rows_of.setdefault(feed, {})[unit_number] = rows
    for number, rows in rows_of.pop(None, {}).items():
        fault = f"{rows} rows of the fact name no batch there"
        units[number].part.steps.append(Step("batches", "landing.batches", None, 0, fault))
    counted: Records = {}
    for feed, rows_of_feed in rows_of.items():
        if feed is not None:
            _merge(counted, _of_feed(database, code, feed, rows_of_feed, names, units))
    consulted = _consulted(database, code, {feed: {*rows} for feed, rows in rows_of.items() if feed}, units)
    hidden: dict[int, set[str]] = {}
    for number, batch_id in database.execute(
        "select distinct unit, batch_id from hidden join counted using (fact_row) where is_of_partner"
    ).fetchall():
        hidden.setdefault(number, set()).add(batch_id)
    named = {batch_id for found in (counted, consulted) for batches in found.values() for batch_id in batches}
    stated = [each.name for each in fields(BatchRows) if each.name not in ("role", "records")]
    all_batches = read_rows(
        database,
        f"select {', '.join(stated)} from landing.batches where list_contains({quoted_list(named)}, batch_id) "
        "order by feed, partner, interval_start, landed_at",
    )
    for number, unit in enumerate(units):
        hides = hidden.get(number, set())
        for role, records in (("counted", counted.get(number, {})), ("consulted", consulted.get(number, {}))):
            for row in all_batches:
                if (batch_id := row["batch_id"]) in records:
                    is_hidden = batch_id in hides or (hides and role == "consulted")
                    shown = None if is_hidden else records[batch_id]
                    unit.part.batches.append(BatchRows(**row, role=role, records=shown))  # type: ignore[arg-type]


def _merge(into: Records, found: Records) -> None:
    for number, records in found.items():
        into.setdefault(number, {}).update(records)


def _by_unit(rows: list[tuple[int, str, int]]) -> Records:
    found: Records = {}
    for number, batch_id, records in rows:
        found.setdefault(number, {})[batch_id] = records
    return found


def _of_feed(
    database: duckdb.DuckDBPyConnection,
    code: Provenance,
    feed: str,
    rows_of: dict[int, int],
    names: list[str],
    units: list[_Unit],
) -> Records:
    """The records of a feed behind the counted rows: as staged, then as landed. Returns the number by batch."""
    stated = code.feeds[feed]
    staging, staged, records = _staging(code, feed), f"staged_of_{feed}", f"records_of_{feed}"
    keys = {name: "record_id" if "record_id" in names else name for name in stated.key}
    matches = " and ".join(f'counted."{given}"::varchar = staged."{name}"::varchar' for name, given in keys.items())
    database.execute(
        f"create or replace temp table {staged} as select counted.fact_row, staged.rowid as record from counted "
        f"join landing.batches as batches on counted.batch_id = batches.batch_id and batches.feed = {quoted(feed)} "
        f"join staging.{staging} as staged on counted.batch_id = staged.batch_id and {matches}"
    )
    database.execute(
        f"create or replace temp table {records} as select rowid as record, * from staging.{staging} "
        f"where rowid in (select record from {staged})"
    )
    found = {
        number: rest
        for number, *rest in database.execute(
            "select unit, count(*), count(distinct fact_row), count(distinct record) from unit_rows "
            f"join {staged} using (fact_row) group by unit"
        ).fetchall()
    }
    for number, rows in rows_of.items():
        pairs, fact_rows, distinct = found.get(number, (0, 0, 0))
        fault = None
        if fact_rows != rows:
            fault = f"{rows - fact_rows} of {rows} rows of the fact have no record there"
        elif pairs != rows:
            fault = f"{rows} rows of the fact have {pairs} records there"
        units[number].part.steps.append(Step("staging", f"staging.{staging}", None, distinct, fault))

    _land(database, stated, feed)
    # Staging says partner_id of who delivered, landing of whoever a record names so.
    both = {*_names(database, "landing", feed)} & {*_names(database, "staging", staging)} - {"partner_id"}
    same = " and ".join(f'staged."{name}" = landed."{name}"' for name in stated.key)
    unlike = " or ".join(f'staged."{name}" is distinct from landed."{name}"' for name in sorted(both))
    database.execute(
        f"create or replace temp table matched as select staged.record, landed._row_number as row_number, "
        f"(staged.partner_id is distinct from landed._partner or {unlike}) as is_unlike "
        f"from {records} as staged join landed_{feed} as landed on staged.batch_id = landed._batch_id and {same}"
    )
    landed = {
        number: rest
        for number, *rest in database.execute(
            "select unit, count(*), count(*) filter (is_unlike) from (select distinct unit, record from unit_rows "
            f"join {staged} using (fact_row)) join matched using (record) group by unit"
        ).fetchall()
    }
    for number in rows_of:
        records_there = units[number].part.steps[-1].rows or 0
        there, differing = landed.get(number, (0, 0))
        fault = None
        if there != records_there:
            fault = f"{records_there - there} of {records_there} records have not landed"
        elif differing:
            fault = f"{differing} of {records_there} records do not say what landed"
        units[number].part.steps.append(Step("landing", f"landing.{feed}", None, there, fault))
    database.execute(
        f"insert into places select fact_row, matched.row_number from {staged} join matched using (record)"
    )
    return _by_unit(
        database.execute(
            f"select unit, batch_id, count(distinct record) from unit_rows join {staged} using (fact_row) "
            f"join {records} using (record) group by all"
        ).fetchall()
    )


def _land(database: duckdb.DuckDBPyConnection, stated: Feed, feed: str) -> None:
    """Have what landed of a feed at hand, as the one that stands of each record, for the batches of `records_of_…`."""
    latest = "_row_number desc"
    if not stated.is_snapshot:
        latest = f"coalesce(updated_at, cast(_interval_end as timestamp)) desc, {latest}"
    key = ", ".join(f'"{name}"' for name in stated.key)
    database.execute(f'create temp table if not exists landed_{feed} as select * from landing."{feed}" limit 0')
    wanted = database.execute(
        f"select distinct batch_id from records_of_{feed} anti join landed_{feed} as landed "
        f"on records_of_{feed}.batch_id = landed._batch_id"
    ).fetchall()
    if wanted:
        database.execute(
            f'insert into landed_{feed} select * from landing."{feed}" '
            f"where list_contains({quoted_list(batch_id for (batch_id,) in wanted)}, _batch_id) "
            f"qualify row_number() over (partition by _batch_id, {key} order by {latest}) = 1"
        )


def _consulted(
    database: duckdb.DuckDBPyConnection, code: Provenance, counted: dict[str, set[int]], units: list[_Unit]
) -> Records:
    """Records of other feeds that decide how those are counted: feeds that the measure names, or that they refer to.

    Told by the key of one of the two feeds; within a partner, where one partner supplies both. `counted` says which
    units have rows of which feed. Returns the number by batch.
    """
    found: Records = {}
    for feed, numbers in counted.items():
        names = _names(database, "temp", f"records_of_{feed}")
        others = {*units[0].part.measure.feeds, *code.feeds[feed].references.values()}
        for other in sorted(others & code.feeds.keys()):
            asking = {number for number in numbers if number not in counted.get(other, set())}
            if other == feed or not asking:
                continue
            staging = _staging(code, other)
            both = {*names} & {*_names(database, "staging", staging)}
            shared = [key for key in (code.feeds[other].key, code.feeds[feed].key) if {*key} <= both]
            if not shared:
                continue
            suppliers = database.execute(
                "select partner_id from staging.stg_landing__partners where feed in ($1, $2) "
                "group by partner_id having count(*) = 2",
                [feed, other],
            ).fetchall()
            columns = [*shared[0], *(["partner_id"] if suppliers else [])]
            same = " and ".join(f'records."{name}" = others."{name}"' for name in columns)
            # The records of the feed for each unit, as `staged` of this feed had them.
            rows = database.execute(
                "select unit_rows.unit, others.batch_id, count(distinct others.rowid) from unit_rows "
                "join counted using (fact_row) "
                f"join staged_of_{feed} as staged using (fact_row) join records_of_{feed} as records using (record) "
                f"join staging.{staging} as others on {same} group by all"
            ).fetchall()
            of_other = _by_unit([row for row in rows if row[0] in asking])
            for number in sorted(asking):
                step = Step("consulted", f"staging.{staging}", None, sum(of_other.get(number, {}).values()))
                units[number].part.steps.append(step)
            _merge(found, of_other)
    return found


def _list(database: duckdb.DuckDBPyConnection, units: list[_Unit], limit: int | None) -> None:
    """List the rows that may be shown: what was counted, where, and in which line of which delivery it stands."""
    batch_id = "counted.batch_id" if "batch_id" in _names(database, "temp", "counted") else "null"
    place = "row_number() over (partition by unit order by counted_on, fact_record)"
    for number, hidden in _numbers(database, "select unit, count(*) from hidden group by unit").items():
        units[number].part.rows_hidden = hidden
    first = f"qualify {place} <= {limit}" if limit is not None else ""
    database.execute(
        "create or replace temp table kept as with shown as (select unit, fact_row from unit_rows "
        f"join counted using (fact_row) anti join hidden using (unit, fact_row) {first}) "
        "select unit, asked.week_id as week, asked.part, fact_record as record, counted_on, "
        "counted_value::varchar as counted_value, organisation_code, partner_id, project_id, "
        f"{batch_id} as batch_id, places.row_number, batches.raw_sha256 from shown join asked using (unit) "
        "join counted using (fact_row) left join places using (fact_row) "
        f"left join landing.batches as batches on {batch_id} = batches.batch_id"
    )
    database.execute("insert into listed select * exclude (unit) from kept")
    for row in read_rows(database, "select * exclude (week, part) from kept order by unit, counted_on, record"):
        units[row.pop("unit")].part.rows.append(row)


def _write_measure(database: duckdb.DuckDBPyConnection, units: list[_Unit], folder: Path) -> None:
    """Write the rows of a measure that are hidden in no cell, and note the cells that they can be counted into."""
    measure = units[0].part.measure
    batch_id = "batch_id" if "batch_id" in _names(database, "temp", "counted") else "null"
    value = "counted_value"
    if measure.aggregation == "count_distinct":
        value = "dense_rank() over (order by counted_value)"
    database.execute(
        "create or replace temp table shown as select distinct fact_row from unit_rows "
        "where fact_row not in (select fact_row from hidden)"
    )
    database.execute(
        f"copy (select counted_on, {value} as counted_value, organisation_code, partner_id, project_id, "
        f"{batch_id} as batch_id, places.row_number from counted semi join shown using (fact_row) "
        f"left join places using (fact_row) order by all) to {quoted(folder / f'{measure.name}.csv')} (header)"
    )
    not_listed = _numbers(
        database, "select unit, count(*) from unit_rows anti join shown using (fact_row) group by unit"
    )
    for number, unit in enumerate(units):
        step = next(each for each in unit.part.steps if each.step == "fact")
        row = unit.of.row
        scope_column = SCOPE_COLUMNS.get(unit.of.scope_set, "")
        texts = (
            *(row[name] for name in ("metric_id", "scope_type", "scope_code", "week_id")),
            *(unit.of.column, unit.part.part, measure.name, measure.aggregation, scope_column),
        )
        days = [f"date '{day}'" if day else "null" for day in (unit.part.first_day, unit.part.last_day)]
        amount = "null" if step.amount is None else quoted(said(step.amount))
        values = [*map(quoted, texts), *days, amount, str(step.rows), str(not_listed.get(number, 0))]
        database.execute(f"insert into recounted values ({', '.join(values)})")


def _columns_in(text: str) -> Iterator[exp.Column]:
    return parse_one(text, dialect=lineage.DIALECT).find_all(exp.Column)


def _staging(code: Provenance, feed: str) -> str:
    """The staging model of a feed: stg_<source>__<feed>. Raises LookupError."""
    found = [name for name in code.models if name.startswith("stg_") and name.partition("__")[2] == feed]
    if len(found) != 1:
        raise LookupError(f"the build has {len(found)} staging models of {feed}")
    return found[0]


def _names(database: duckdb.DuckDBPyConnection, schema: str, relation: str) -> list[str]:
    """Names of the columns of a relation; of a temporary table under the schema 'temp'."""
    name = f"temp.{relation}" if schema == "temp" else f'{schema}."{relation}"'
    return [column[0] for column in database.execute(f"select * from {name} limit 0").description or []]


def said(amount: Decimal | None) -> str:
    """An amount without the zeros at its end."""
    return "nothing" if amount is None else f"{amount.normalize():f}"
