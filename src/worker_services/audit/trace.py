"""From a printed figure to its rows, their batches, the raw bytes and the ledger."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from worker_services.audit import counting, issues, ledger
from worker_services.audit.counting import COUNTED_COLUMNS, BatchRows, Cell, Part, said
from worker_services.audit.issues import Figure, Issue, NothingToTrace, NotTraceable
from worker_services.audit.protected import name_of
from worker_services.audit.rebuild import rebuilt
from worker_services.briefing.config import load_config
from worker_services.briefing.figures import ABSENT, SUPPRESSED, Sign, notation_of, print_number
from worker_services.briefing.marts import CITY, Row, read_rows, reading
from worker_services.briefing.seal import publication
from worker_services.files import sha256 as sha256_of
from worker_services.intervals import Interval, Week
from worker_services.landing import batches
from worker_services.metrics import catalogue
from worker_services.privacy import vault
from worker_services.secrets import Secrets
from worker_services.settings import Settings
from worker_services.sql_literals import quoted
from worker_services.warehouse import lineage, provenance
from worker_services.warehouse.lineage import Origin
from worker_services.warehouse.provenance import Model, Provenance
from worker_services.warehouse.publish import build_path, current, read_record, record_path

MART = "marts.rpt_metric_weekly"
A_YEAR = 52
INPUTS: dict[str, tuple[tuple[str, int], ...]] = {
    **{column: ((column, 0),) for column in COUNTED_COLUMNS},
    "previous_value": (("value", 1),),
    "change": (("value", 0), ("value", 1)),
    "same_week_last_year_value": (("value", A_YEAR),),
    "change_from_last_year": (("value", 0), ("value", A_YEAR)),
    **dict.fromkeys(
        (
            "completion_rate",
            "pace_gap",
            "status_code",
            "status_zh",
            "rank",
            "forecast",
            "forecast_low",
            "forecast_high",
        ),
        (("cumulative_value", 0),),
    ),
}
"""The columns of the mart that can be traced: the counted columns each is worked out from, and how many weeks before.
A_YEAR stands for the same ISO week of the year before."""
Place = tuple[str, str, str, str]
"""Metric, scope type, scope code and column of a cell of the mart."""
RawState = Literal["sealed", "opened", "time over", "missing", "damaged"]


@dataclass(frozen=True)
class CountedCell:
    """A cell of the mart, and what was counted for it again."""

    week: str
    column: str
    value: Decimal | None
    parts: list[Part]


@dataclass(frozen=True)
class Delivery:
    """A batch on disk: its manifest, its landed file, the raw bytes it was read from, and what the ledger says of it.

    `raw`: the sealed bytes are there; were opened and have their hash; were deleted when their time was over, as the
    ledger says; are missing; or do not open to what their name says.
    """

    batch: BatchRows
    source: str | None
    raw: RawState
    ledger_numbers: list[int]
    faults: list[str]


@dataclass
class Trace:
    """A figure and everything behind it. Without `faults`, each step adds up to what was printed.

    `printed` is None for a figure that the issue does not print. `record` is where the issue stands and `record_entry`
    what the ledger has of it, `build_entry` of the build. A suppressed figure has no cells: its rows are what it hides.
    """

    week: str
    edition: str
    metric: str
    name_zh: str
    name_en: str
    scope: str
    scope_name_zh: str
    scope_name_en: str
    column: str
    printed: Figure | None
    build_id: str
    build_as_of: datetime
    build_is_made_again: bool
    build_entry: int | None
    code_version: str
    code_fingerprint: str
    value: Decimal | str | None
    is_suppressed: bool
    record: str | None = None
    record_sha256: str | None = None
    record_entry: int | None = None
    cells: list[CountedCell] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BuildOfIssue:
    """The build of an issue, in the house it lies in, with what was written about it."""

    house: Settings
    build_id: str
    is_made_again: bool

    @property
    def record(self) -> dict[str, Any]:
        return read_record(self.house, self.build_id)

    @property
    def code(self) -> Provenance:
        try:
            return provenance.read(self.house, self.record.get("code_fingerprint", ""))
        except FileNotFoundError as error:
            raise NothingToTrace(
                f"{self.build_id} was made before builds kept what they were made by; make another one: "
                "worker-services warehouse build --full-refresh"
            ) from error


def trace(
    settings: Settings,
    week: Week,
    edition: str,
    metric: str,
    column: str = "value",
    unit: str | None = None,
    *,
    limit: int = 0,
    rows_file: Path | None = None,
    secrets: Secrets | None = None,
) -> Trace:
    """Follow a figure of an issue to its rows, in the build it was printed from; that is made again if it is not kept.

    `unit` is the code of a scope, by default the edition's own. `limit` rows a part are kept, all go to `rows_file`.
    With `secrets` each raw delivery is opened and hashed. Raises NotTraceable, UnknownEdition, BuildFailed.
    """
    for what, asked, known in (("metric", metric, catalogue()), ("column", column, INPUTS)):
        if asked not in known:
            raise NotTraceable(f"there is no {what} '{asked}' to trace; there are: {', '.join(known)}")
    issue = issues.find(settings, week, edition)
    with build_of(settings, issue) as build, reading(build_path(build.house, build.build_id)) as database:
        scope = _scope(database, unit or load_config(settings).edition(edition).scope_code or CITY[1])
        place = (metric, *scope, column)
        figure = next((each for each in issue.figures if _place(each) == place), None) if issue else None
        wanted = _Asked(edition, place, [(issue, figure)] if issue and figure else [])
        [found] = _follow(settings, database, build, week, [wanted], None if rows_file else limit, secrets)
        if rows_file:
            counting.write_rows(database, rows_file)
            for part in (part for each in found.cells for part in each.parts):
                del part.rows[limit:]
    if issue:
        _say_record(found, issue)
        found.faults[:0] = faults_of_record(issue)
    return found


def trace_issues(
    settings: Settings,
    build: BuildOfIssue,
    database: duckdb.DuckDBPyConnection,
    printed_as: Sequence[Issue],
    *,
    limit: int = 0,
) -> dict[Place, Trace]:
    """Follow every figure of rpt_metric_weekly that issues of one week print from one build, each once.

    A trace is of the first edition that prints its figure; its faults are those of every edition. Figures that are not
    counted from partners' rows are left out. Raises NotTraceable.
    """
    asked: dict[Place, _Asked] = {}
    for issue in printed_as:
        for figure in issue.figures:
            if place := traced_place(issue, figure):
                asked.setdefault(place, _Asked(issue.edition, place, [])).printed.append((issue, figure))
    found = _follow(settings, database, build, printed_as[0].week, [*asked.values()], limit, None)
    for each, trace_of in zip(asked.values(), found, strict=True):
        _say_record(trace_of, each.printed[0][0])
    return dict(zip(asked, found, strict=True))


def printed_cells(database: duckdb.DuckDBPyConnection, printed_as: Sequence[Issue]) -> list[Cell]:
    """The counted cells behind all figures that issues of one week print, each once; of hidden figures none."""
    week = printed_as[0].week
    weeks = _Weeks(database, week)
    places = dict.fromkeys(traced_place(issue, figure) for issue in printed_as for figure in issue.figures)
    found: dict[tuple[str, ...], Cell] = {}
    for place in filter(None, places):
        own = counting.cell(weeks.rows, place[0], (place[1], place[2]), str(week), place[3])
        inputs = weeks.inputs(own)
        if not _is_hidden(own, inputs):
            found |= {_key(each): each for each in inputs}
    return [*found.values()]


def traced_place(issue: Issue, figure: Figure) -> Place | None:
    """The cell of rpt_metric_weekly that a figure prints, if it is one that is counted from partners' rows."""
    place = _place(figure)
    is_counted = place[0] in catalogue() and place[-1] in INPUTS and figure.week == str(issue.week)
    return place if is_counted else None


@dataclass(frozen=True)
class _Asked:
    """A figure that is to be followed, and where it is printed; the first edition is the one that asks."""

    edition: str
    place: Place
    printed: list[tuple[Issue, Figure]]


def _place(figure: Figure) -> Place:
    """The cell of rpt_metric_weekly that a figure prints; a unit named last among others prints its year to date."""
    metric, (scope_type, _, scope_code) = figure.metric, figure.scope.partition("/")
    if metric == "fault_last":
        metric, _, scope_code = scope_code.partition(".")
    return metric, scope_type, scope_code, figure.column


def _follow(
    settings: Settings,
    database: duckdb.DuckDBPyConnection,
    build: BuildOfIssue,
    week: Week,
    asked: Sequence[_Asked],
    limit: int | None,
    secrets: Secrets | None,
) -> list[Trace]:
    """Follow figures of a week in one build, counting each cell once. Raises NotTraceable."""
    code, record = build.code, build.record
    published = publication(settings, build.build_id)
    weeks = _Weeks(database, week)
    try:
        own = [counting.cell(weeks.rows, each.place[0], each.place[1:3], str(week), each.place[3]) for each in asked]
        inputs = [weeks.inputs(cell) for cell in own]
    except LookupError as error:
        raise NotTraceable(f"{build.build_id}: {error.args[0]}") from error
    hidden = [_is_hidden(cell, its) for cell, its in zip(own, inputs, strict=True)]
    wanted = {_key(each): each for its, is_hidden in zip(inputs, hidden, strict=True) if not is_hidden for each in its}
    try:
        parts = dict(zip(wanted, counting.count(database, code, [*wanted.values()], limit=limit), strict=True))
    except duckdb.IOException as error:
        raise NotTraceable(f"a landed file that {build.build_id} reads is gone or broken: {error}") from error
    notations = {row["metric_id"]: row for row in read_rows(database, "select * from marts.rpt_metric_catalogue")}
    models: dict[frozenset[str], list[Model]] = {}
    traces = []
    for each, cell, its, is_hidden in zip(asked, own, inputs, hidden, strict=True):
        found = Trace(
            week=str(week),
            edition=each.edition,
            metric=each.place[0],
            name_zh=notations[each.place[0]]["name_zh"],
            name_en=notations[each.place[0]]["name_en"],
            scope="/".join(each.place[1:3]),
            scope_name_zh=cell.row["scope_name_zh"],
            scope_name_en=cell.row["scope_name_en"],
            column=cell.column,
            printed=each.printed[0][1] if each.printed else None,
            build_id=build.build_id,
            build_as_of=datetime.fromisoformat(record["as_of"]),
            build_is_made_again=build.is_made_again,
            build_entry=published.seq if published else None,
            code_version=code.code_version,
            code_fingerprint=record["code_fingerprint"],
            value=cell.value,
            is_suppressed=is_hidden,
        )
        found.faults = [fault for _, figure in each.printed for fault in _faults_of_print(figure, cell, notations)]
        if not is_hidden:
            found.cells = [CountedCell(of.row["week_id"], of.column, of.value, parts[_key(of)]) for of in its]
            found.faults += _faults_of_cells(database, cell, found.cells)
            facts = frozenset(f"marts.{part.measure.fact}" for of in found.cells for part in of.parts)
            if facts not in models:
                models[facts] = _models(code, facts)
            found.models = models[facts]
        traces.append(found)
    deliveries = _deliveries(settings, [of for found in traces for of in found.cells], secrets)
    for found in traces:
        found.deliveries = [replace(deliveries[batch.batch_id], batch=batch) for batch in _batches(found.cells)]
        found.faults += [f"{of.batch.batch_id}: {fault}" for of in found.deliveries for fault in of.faults]
    return traces


def _is_hidden(own: Cell, inputs: Iterable[Cell]) -> bool:
    """Whether a figure or one it is worked out from is not published: one hidden among several would be told."""
    return any(each.row["is_suppressed"] for each in (own, *inputs))


def _key(of: Cell) -> tuple[str, ...]:
    return (*(str(of.row[name]) for name in ("metric_id", "scope_type", "scope_code", "week_id")), of.column)


def _say_record(found: Trace, issue: Issue) -> None:
    found.record, found.record_sha256 = str(issue.path), issue.sha256
    found.record_entry = issue.entry.seq if issue.entry else None


def lineage_of(settings: Settings, column: str, build_id: str | None = None) -> list[dict[str, str]]:
    """What a column ([schema.]relation.column) is made of, a row a column on the way, nearest first.

    Of a build, by default the published one. Raises NotTraceable.
    """
    if build_id is None:
        published = current(settings)
        if published is None:
            raise NotTraceable("nothing is published yet: worker-services warehouse build, audit, publish")
        build_id = published.build_id
    try:
        found = BuildOfIssue(settings, build_id, is_made_again=False).code.lineage
    except FileNotFoundError as error:
        raise NotTraceable(f"there is no build {build_id}") from error
    relation, _, name = column.rpartition(".")
    matching = [each for each in found if each == relation or each.partition(".")[2] == relation]
    if len(matching) != 1 or name not in found[matching[0]]:
        raise NotTraceable(f"no model has a column '{column}'; write it like rpt_metric_weekly.value")
    return [
        {"column": each, "made of": _made_of(each, origin)}
        for each, origin in lineage.walk(found, f"{matching[0]}.{name}")
    ]


def _made_of(column: str, origin: Origin | None) -> str:
    if origin is None:
        return "what landed" if column.startswith("landing.") else "a seed of the project"
    return ", ".join(origin.made_of or origin.told_by) or origin.unresolved or "a constant"


@contextmanager
def build_of(settings: Settings, issue: Issue | None) -> Iterator[BuildOfIssue]:
    """The build an issue was printed from; without an issue the one that readers see. Raises NotTraceable."""
    if issue is None:
        published = current(settings)
        if published is None:
            raise NotTraceable("nothing is published yet: worker-services warehouse build, audit, publish")
        yield BuildOfIssue(settings, published.build_id, is_made_again=False)
    elif record_path(settings, issue.build_id).exists() and build_path(settings, issue.build_id).exists():
        yield BuildOfIssue(settings, issue.build_id, is_made_again=False)
    else:
        with rebuilt(settings, issue.as_of, settings.is_demo) as (house, made):
            yield BuildOfIssue(house, made.build_id, is_made_again=True)


def _scope(database: duckdb.DuckDBPyConnection, code: str) -> tuple[str, str]:
    found = database.execute(
        f"select scope_type from intermediate.int_metric_scopes where scope_code = {quoted(code)}"
    ).fetchone()
    if found is None:
        raise NotTraceable(f"no scope has the code '{code}': give that of a union, a partner or a project")
    return str(found[0]), code


class _Weeks:
    """The rows of the mart in a week and in those that its figures are compared with."""

    def __init__(self, database: duckdb.DuckDBPyConnection, week: Week) -> None:
        year_before = f"iso_year = {week.year - 1} and iso_week = {week.number}"
        self._before = {
            row["before"]: row["week_id"]
            for row in read_rows(
                database,
                f"select week_id, case when {year_before} then {A_YEAR} else (date '{week.start}' - week_start) // 7 "
                f"end as before from intermediate.int_weeks where {year_before} "
                f"or week_start in (date '{week.start}', date '{week.start}' - 7)",
            )
        }
        self.rows = counting.rows_of(database, self._before.values())

    def inputs(self, own: Cell) -> list[Cell]:
        """The counted cells that a column is worked out from; a week that is not reported has none.

        Raises LookupError.
        """
        scope = own.row["scope_type"], own.row["scope_code"]
        return [
            counting.cell(self.rows, own.row["metric_id"], scope, self._before[weeks_before], column)
            for column, weeks_before in INPUTS[own.column]
            if weeks_before in self._before
        ]


def faults_of_record(issue: Issue) -> list[str]:
    """Whether the ledger has the record that an issue is, and the same bytes."""
    if issue.number and issue.entry is None:
        return [f"{issue.path.name}: the ledger has no entry of this record"]
    if issue.entry and issue.sha256 not in issue.entry.details["files"].values():
        return [f"{issue.path.name}: its bytes are not those that entry {issue.entry.seq} of the ledger names"]
    return []


def _faults_of_print(printed: Figure, own: Cell, metrics: Mapping[str, Row]) -> Iterator[str]:
    """Where the record, the printed text and the mart do not say the same."""
    value = Decimal(printed.value) if printed.value else None
    if value != own.value:
        yield f"printed: {printed.value or 'nothing'} on record, {said(own.value)} in the mart"
    if value is None:
        fits = {SUPPRESSED if own.row["is_suppressed"] else ABSENT}
    else:
        notation, decimals = notation_of(metrics[own.row["metric_id"]], own.column)
        signs: tuple[Sign, ...] = ("plain", "signed", "magnitude")
        fits = {print_number(value, notation, decimals, sign) for sign in signs}
    if printed.printed not in fits:
        yield f"printed: '{printed.printed}' is not how {printed.value or 'nothing'} is written"


def _faults_of_cells(database: duckdb.DuckDBPyConnection, own: Cell, cells: list[CountedCell]) -> Iterator[str]:
    """Where a step does not come to what the step before it does, or the figure is not what its parts make."""
    for each in cells:
        yield from (f"{each.column} of {each.week}, {fault}" for part in each.parts for fault in part.faults)
        amounts = {part.part: part.counted for part in each.parts}
        made = next(iter(amounts.values()))
        if {"numerator", "denominator"} <= amounts.keys():
            numerator, denominator = (
                "null" if amounts[name] is None else str(amounts[name]) for name in ("numerator", "denominator")
            )
            [(made,)] = database.execute(
                f"select cast({numerator}::decimal(28, 4) / nullif({denominator}::decimal(28, 4), 0) "
                "as decimal(28, 10))"
            ).fetchall()
        if made != each.value:
            yield f"{each.column} of {each.week}: the rows make {said(made)}, the mart says {said(each.value)}"
    values = [each.value for each in cells]
    expected = own.value
    if own.column in ("previous_value", "same_week_last_year_value"):
        expected = values[0] if values else None
    elif own.column in ("change", "change_from_last_year"):
        expected = values[0] - values[1] if len(values) == 2 and None not in values else None  # type: ignore[operator]
    if expected != own.value:
        yield f"{own.column}: {said(own.value)} in the mart, {said(expected)} from the weeks it compares"


def _models(code: Provenance, facts: frozenset[str]) -> list[Model]:
    """The models between landing and the mart that a figure passes through, the mart first."""
    by_relation = {model.relation: model for model in code.models.values()}

    def above(relation: str) -> set[str]:
        ahead, seen = [relation], {relation}
        for name in ahead:
            parents = [each for each in by_relation[name].reads if each in by_relation and each not in seen]
            seen.update(parents)
            ahead += parents
        return seen

    reads = {name: above(name) for name in above(MART)}
    passed = {name for name, read in reads.items() if read & facts}
    passed = passed.union(*(reads[fact] for fact in facts))
    return [by_relation[name] for name in sorted(passed, key=lambda name: (-len(reads[name]), name))]


def _batches(cells: Iterable[CountedCell]) -> list[BatchRows]:
    """Each batch once; as counted, if it was both counted and consulted."""
    found: dict[str, BatchRows] = {}
    of_parts = [batch for each in cells for part in each.parts for batch in part.batches]
    for batch in sorted(of_parts, key=lambda batch: batch.role != "counted"):
        found.setdefault(batch.batch_id, batch)
    return [*found.values()]


def _deliveries(settings: Settings, cells: Iterable[CountedCell], secrets: Secrets | None) -> dict[str, Delivery]:
    """Each batch once, looked up on disk."""
    entries = ledger.entries(settings)
    over = {name for entry in entries if entry.action == "vault.expire" for name in entry.details["deleted"]}
    about: dict[str, list[int]] = {}
    for entry in entries:
        about.setdefault(entry.subject, []).append(entry.seq)
    found = {batch.batch_id: batch for batch in _batches(cells)}
    return {name: _delivery(settings, batch, secrets, over, about.get(name, [])) for name, batch in found.items()}


def _delivery(
    settings: Settings, batch: BatchRows, secrets: Secrets | None, over: set[str], numbers: list[int]
) -> Delivery:
    interval = Interval(batch.interval_start, batch.interval_end)
    path = batches.folder(settings, batch.partner, batch.feed, interval) / f"{batch.batch_id}.json"
    raw, faults = _raw(settings, batch.raw_sha256 or "", secrets, over)
    if not path.exists():
        return Delivery(batch, None, raw, numbers, [*faults, f"it is not in landing: {path} is not there"])
    manifest = batches.read(path)
    for what, in_build, on_disk in (
        ("raw bytes", batch.raw_sha256, manifest.raw_sha256),
        ("landed rows", batch.parquet_sha256, manifest.parquet_sha256),
    ):
        if in_build != on_disk:
            faults.append(f"the build read {what} {in_build}, the manifest names {on_disk}")
    landed = batches.parquet_path(settings, manifest)
    if not landed.exists():
        faults.append(f"{landed.name} is not in landing")
    elif sha256_of(landed) != manifest.parquet_sha256:
        faults.append(f"{landed.name} was changed: it has not the SHA-256 that its manifest names")
    return Delivery(batch, manifest.source, raw, numbers, faults)


def _raw(settings: Settings, sha256: str, secrets: Secrets | None, over: set[str]) -> tuple[RawState, list[str]]:
    """Whether the raw bytes are in the vault; with secrets, whether they have the hash they are named by."""
    path = vault.path_of(settings.vault, sha256)
    if not path.exists():
        if name_of(settings, path) in over:
            return "time over", []
        return "missing", [f"its raw bytes {sha256} are not in the vault, and the ledger does not say why"]
    if secrets is None:
        return "sealed", []
    try:
        with vault.reading(settings.vault, sha256, secrets) as stream:
            digest = hashlib.sha256()
            while chunk := stream.read(vault.BUFFER_BYTES):
                digest.update(chunk)
    except vault.VaultDamaged as error:
        return "damaged", [str(error)]
    if digest.hexdigest() != sha256:
        return "damaged", [f"its raw bytes {sha256} open to others: {digest.hexdigest()}"]
    return "opened", []
