"""From a printed figure to its rows, their batches, the raw bytes and the ledger."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from worker_services.audit import counting, issues, ledger
from worker_services.audit.counting import COUNTED_COLUMNS, BatchRows, Cell, Part, said
from worker_services.audit.issues import Figure, Issue, NotTraceable
from worker_services.audit.protected import name_of
from worker_services.audit.rebuild import rebuilt
from worker_services.briefing.config import load_config
from worker_services.briefing.figures import ABSENT, SUPPRESSED, Sign, notation_of, print_number
from worker_services.briefing.marts import CITY, read_rows, reading
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
    scope: str
    column: str
    printed: Figure | None
    record: str | None
    record_sha256: str | None
    record_entry: int | None
    build_id: str
    build_as_of: datetime
    build_is_made_again: bool
    build_entry: int | None
    code_version: str
    code_fingerprint: str
    value: Decimal | str | None
    is_suppressed: bool
    cells: list[CountedCell] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Build:
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
            raise NotTraceable(
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
    with _build(settings, issue) as build, reading(build_path(build.house, build.build_id)) as database:
        scope = _scope(database, unit or load_config(settings).edition(edition).scope_code or CITY[1])
        try:
            own = counting.cell(database, metric, scope, str(week), column)
            inputs = _inputs(database, own, scope)
        except LookupError as error:
            raise NotTraceable(f"{build.build_id}: {error.args[0]}") from error
        code, record = build.code, build.record
        published = publication(settings, build.build_id)
        # One hidden among several would be told by what they come to.
        is_suppressed = any(each.row["is_suppressed"] for each in (own, *inputs))
        found = Trace(
            week=str(week),
            edition=edition,
            metric=metric,
            name_zh=catalogue()[metric].name_zh,
            scope="/".join(scope),
            column=column,
            printed=_printed(issue, own),
            record=str(issue.path) if issue else None,
            record_sha256=issue.sha256 if issue else None,
            record_entry=issue.entry.seq if issue and issue.entry else None,
            build_id=build.build_id,
            build_as_of=datetime.fromisoformat(record["as_of"]),
            build_is_made_again=build.is_made_again,
            build_entry=published.seq if published else None,
            code_version=code.code_version,
            code_fingerprint=record["code_fingerprint"],
            value=own.value,
            is_suppressed=is_suppressed,
        )
        found.faults += _faults_of_issue(database, issue, found.printed, own)
        if is_suppressed:
            return found
        try:
            for each in inputs:
                parts = counting.count(database, code, each, limit=limit)
                found.cells.append(CountedCell(each.row["week_id"], each.column, each.value, parts))
        except duckdb.IOException as error:
            raise NotTraceable(f"a landed file that {build.build_id} reads is gone or broken: {error}") from error
        found.faults += _faults_of_cells(database, own, found.cells)
        if rows_file:
            counting.write_rows(database, rows_file)
    found.models = _models(code, {f"marts.{part.measure.fact}" for each in found.cells for part in each.parts})
    found.deliveries = _deliveries(settings, found.cells, secrets)
    found.faults += [f"{each.batch.batch_id}: {fault}" for each in found.deliveries for fault in each.faults]
    return found


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
        found = _Build(settings, build_id, is_made_again=False).code.lineage
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
def _build(settings: Settings, issue: Issue | None) -> Iterator[_Build]:
    """The build an issue was printed from; without an issue the one that readers see. Raises NotTraceable."""
    if issue is None:
        published = current(settings)
        if published is None:
            raise NotTraceable("nothing is published yet: worker-services warehouse build, audit, publish")
        yield _Build(settings, published.build_id, is_made_again=False)
    elif record_path(settings, issue.build_id).exists() and build_path(settings, issue.build_id).exists():
        yield _Build(settings, issue.build_id, is_made_again=False)
    else:
        with rebuilt(settings, issue.as_of, settings.is_demo) as (house, made):
            yield _Build(house, made.build_id, is_made_again=True)


def _scope(database: duckdb.DuckDBPyConnection, code: str) -> tuple[str, str]:
    found = database.execute(
        f"select scope_type from intermediate.int_metric_scopes where scope_code = {quoted(code)}"
    ).fetchone()
    if found is None:
        raise NotTraceable(f"no scope has the code '{code}': give that of a union, a partner or a project")
    return str(found[0]), code


def _inputs(database: duckdb.DuckDBPyConnection, own: Cell, scope: tuple[str, str]) -> list[Cell]:
    """The counted cells that a column is worked out from; a week that is not reported has none. Raises LookupError."""
    found = []
    for column, weeks_before in INPUTS[own.column]:
        monday = own.row["week_start"]
        wanted = f"week_start = date '{monday}' - {7 * weeks_before}"
        if weeks_before == A_YEAR:
            wanted = f"iso_year = {own.row['iso_year'] - 1} and iso_week = {monday.isocalendar().week}"
        weeks = read_rows(database, f"select week_id from intermediate.int_weeks where {wanted}")
        found += [counting.cell(database, own.row["metric_id"], scope, week["week_id"], column) for week in weeks]
    return found


def _printed(issue: Issue | None, own: Cell) -> Figure | None:
    """The figure as the issue prints it; where it stands with and without its sign, the first."""
    asked = (own.row["metric_id"], f"{own.row['scope_type']}/{own.row['scope_code']}", own.row["week_id"], own.column)
    stated = issue.figures if issue else []
    return next((each for each in stated if (each.metric, each.scope, each.week, each.column) == asked), None)


def _faults_of_issue(
    database: duckdb.DuckDBPyConnection, issue: Issue | None, printed: Figure | None, own: Cell
) -> Iterator[str]:
    """Where the record, the ledger, the printed text and the mart do not say the same."""
    if issue and issue.number and issue.entry is None:
        yield f"{issue.path.name}: the ledger has no entry of this record"
    elif issue and issue.entry and issue.sha256 not in issue.entry.details["files"].values():
        yield f"{issue.path.name}: its bytes are not those that entry {issue.entry.seq} of the ledger names"
    if printed is None:
        return
    value = Decimal(printed.value) if printed.value else None
    if value != own.value:
        yield f"printed: {printed.value or 'nothing'} on record, {said(own.value)} in the mart"
    if value is None:
        fits = {SUPPRESSED if own.row["is_suppressed"] else ABSENT}
    else:
        [metric] = read_rows(
            database, f"select * from marts.rpt_metric_catalogue where metric_id = {quoted(own.row['metric_id'])}"
        )
        notation, decimals = notation_of(metric, own.column)
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
            [(made,)] = database.execute(
                "select cast($1::decimal(28, 4) / nullif($2::decimal(28, 4), 0) as decimal(28, 10))",
                [amounts["numerator"], amounts["denominator"]],
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


def _models(code: Provenance, facts: set[str]) -> list[Model]:
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


def _deliveries(settings: Settings, cells: list[CountedCell], secrets: Secrets | None) -> list[Delivery]:
    """Each batch once, looked up on disk."""
    found: dict[str, BatchRows] = {}
    for role in ("counted", "consulted"):
        for batch in (batch for each in cells for part in each.parts for batch in part.batches if batch.role == role):
            found.setdefault(batch.batch_id, batch)
    entries = ledger.entries(settings)
    over = {name for entry in entries if entry.action == "vault.expire" for name in entry.details["deleted"]}
    about: dict[str, list[int]] = {}
    for entry in entries:
        about.setdefault(entry.subject, []).append(entry.seq)
    return [_delivery(settings, batch, secrets, over, about.get(name, [])) for name, batch in found.items()]


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
