"""A partner file on trial: is it right, and what would a night make of a sample of the partner's data?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pydantic import ValidationError

from worker_services.contracts import Column, Contract, load_contract
from worker_services.intervals import Interval
from worker_services.landing.checks import check
from worker_services.landing.reading import UnreadableDelivery
from worker_services.landing.reading.headers import normal
from worker_services.landing.rules import value_shape
from worker_services.partners.delivery import DeliveryFault
from worker_services.partners.registry import Feed, Partner, mapping_mistakes
from worker_services.partners.samples import DeliveredColumn, Sample, columns_of, is_free_text, throwaway_secrets
from worker_services.seeds import read_seed


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a partner file; `line` is 0 where no line can be named."""

    line: int
    message: str


@dataclass(frozen=True)
class Mapped:
    """One contract column: what it is read from, what that looks like, and how much of it would be accepted."""

    column: str
    label: str
    is_required: bool
    delivered: str
    shape: str
    filled: float
    accepted: float


@dataclass(frozen=True)
class Reason:
    """A rule that rows of the sample break, and how many."""

    column: str
    label: str
    rule: str
    rule_zh: str
    rows: int


@dataclass(frozen=True)
class Finding:
    """Personal data in a delivered column, and what becomes of it; `is_danger` when it would land."""

    delivered: str
    kinds: tuple[str, ...]
    becomes: str
    is_danger: bool


@dataclass(frozen=True)
class FeedReport:
    """What a night would make of the sample. `fault` says why it could not be read at all."""

    feed: str
    label: str
    rows: int = 0
    accepted: int = 0
    mapped: list[Mapped] = field(default_factory=list)
    unmapped: list[DeliveredColumn] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    personal: list[Finding] = field(default_factory=list)
    fault: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.fault is None and self.accepted > 0


def mistakes_in(path: Path) -> tuple[Partner | None, list[Mistake]]:
    """Read one partner file: the partner, or every mistake with its line."""
    text = path.read_text(encoding="utf-8")
    try:
        document, nodes = yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return None, [Mistake(mark.line + 1 if mark else 0, f"no valid YAML: {getattr(error, 'problem', error)}")]
    try:
        partner = Partner.model_validate(document)
    except ValidationError as error:
        # What does not fit the contracts is told below, a feed at a time and with its line.
        found = [_structural(item, nodes) for item in error.errors() if item["loc"] or item["type"] != "value_error"]
        return None, sorted([*found, *_mapping(document, nodes)], key=lambda mistake: mistake.line)
    if partner.partner != path.stem:
        line = _line(nodes, ["partner"])
        return None, [Mistake(line, f"partner is '{partner.partner}', but the file is named '{path.stem}'")]
    return partner, []


def report(feed_name: str, feed: Feed, sample: Sample, interval: Interval) -> FeedReport:
    """What a night would make of a sample. Raises UnreadableDelivery."""
    contract = load_contract(feed_name)
    delivered = columns_of(sample, f"date '{interval.last_day}'")
    with check(sample.again(), feed, contract, interval, throwaway_secrets()) as checked:
        broken = checked.reasons().read_all().to_pylist()
        accepted = checked.accepted
    per_column = Counter(reason["column_name"] for reason in broken)
    sources = {column: _source(column, feed, delivered) for column in feed.columns}
    used = {normal(name) for name in sources.values()}
    return FeedReport(
        feed=feed_name,
        label=contract.label,
        rows=sample.rows.num_rows,
        accepted=accepted,
        mapped=list(_mapped(contract, feed, sample, sources, per_column)),
        unmapped=[column for column in delivered if not _is_used(column.name, used)],
        absent=list(sample.delivered.summary.absent),
        reasons=_reasons(contract, broken),
        personal=list(_findings(contract, delivered, sources)),
    )


def unreadable(feed_name: str, fault: UnreadableDelivery | DeliveryFault) -> FeedReport:
    """The report of a sample that cannot be read by this mapping."""
    return FeedReport(feed_name, load_contract(feed_name).label, fault=f"{fault.message_zh} / {fault}")


def _structural(item: Any, nodes: yaml.Node | None) -> Mistake:
    where = ".".join(map(str, item["loc"])) or "the file"
    return Mistake(_line(nodes, item["loc"]), f"{where}: {item['msg']}")


def _mapping(document: Any, nodes: yaml.Node | None) -> Iterator[Mistake]:
    """Mistakes against the contracts, of each feed that is sound in itself."""
    feeds = document.get("feeds") if isinstance(document, dict) else None
    for name, stated in (feeds if isinstance(feeds, dict) else {}).items():
        try:
            feed = Feed.model_validate(stated)
        except ValidationError:
            continue
        for place, says in mapping_mistakes(str(name), feed):
            yield Mistake(_line(nodes, ["feeds", name, *place]), says)


def _line(node: yaml.Node | None, place: Sequence[Any]) -> int:
    """The line of the entry that a path of keys leads to, or of the last one on the way that is there."""
    line = node.start_mark.line + 1 if node else 0
    for step in place:
        entries: list[tuple[Any, yaml.Node, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            entries = [(key.value, key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            entries = [(index, value, value) for index, value in enumerate(node.value)]
        for key, key_node, value in entries:
            if key == step or key == str(step):
                line, node = key_node.start_mark.line + 1, value
                break
    return line


def _source(column: str, feed: Feed, delivered: list[DeliveredColumn]) -> str:
    """The name under which a contract column was delivered; the first that is mapped where none was."""
    there = {normal(each.name): each.name for each in delivered}
    names = feed.columns[column]
    return next((there[normal(name)] for name in names if normal(name) in there), names[0])


def _is_used(name: str, used: set[str]) -> bool:
    """Whether a delivered column, or a field within it, is mapped."""
    return normal(name) in used or any(each.startswith(f"{normal(name)}.") for each in used)


def _mapped(
    contract: Contract, feed: Feed, sample: Sample, sources: dict[str, str], broken: Counter[str]
) -> Iterator[Mapped]:
    looks = _looks(sample)
    for column in contract.columns:
        rows = looks["rows"][0]
        accepted = 1 - broken[column.name] / rows if rows else 0.0
        if column.name in sources:
            filled, shape = looks[column.name]
            source = sources[column.name]
        elif column.name in feed.constants:
            filled, shape, source = 1.0, "", f"= {feed.constants[column.name]}"
        else:
            continue
        yield Mapped(column.name, column.label, column.required, source, shape, filled, accepted)


def _looks(sample: Sample) -> dict[str, tuple[Any, str]]:
    """Share of rows that fill each mapped column and what most of its values look like; `rows` counts them."""
    picked = ", ".join(
        f"{{'filled': count(nullif(trim({cell}), '')) / greatest(count(*), 1), "
        f"'shape': coalesce(mode({value_shape(cell)}) filter (where nullif(trim({cell}), '') is not null), '')}}"
        for cell in sample.delivered.cells.values()
    )
    with duckdb.connect(config={"temp_directory": ""}) as engine:
        engine.register("stream", sample.rows)
        rows, *found = engine.execute(
            f"select count(*), {picked} from (select * from stream where _cells is null)"
        ).fetchall()[0]
    looks = {
        column: (float(look["filled"]), str(look["shape"]))
        for column, look in zip(sample.delivered.cells, found, strict=True)
    }
    return {"rows": (rows, "")} | looks


def _reasons(contract: Contract, broken: list[dict[str, Any]]) -> list[Reason]:
    rules = {rule["rule"]: rule["rule_zh"] for rule in read_seed("rules/rules")}
    counted = Counter((reason["column_name"], reason["rule"]) for reason in broken)
    return [
        Reason(column, contract.label_of(column), rule, rules[rule], rows)
        for (column, rule), rows in counted.most_common()
    ]


def _findings(contract: Contract, delivered: list[DeliveredColumn], sources: dict[str, str]) -> Iterator[Finding]:
    for found in delivered:
        if not found.personal:
            continue
        columns = [
            contract.column(column) for column, source in sources.items() if normal(source) == normal(found.name)
        ]
        becomes = "、".join(map(_fate, columns)) or "not read; sealed in the vault with the delivery"
        yield Finding(found.name, found.personal, becomes, any(column.privacy == "keep" for column in columns))


def _fate(column: Column) -> str:
    if column.privacy == "pseudonymise":
        return f"{column.name}: leaves the door as {column.published_name}"
    if column.privacy == "drop":
        return f"{column.name}: dropped at the door"
    kind = "free text, " if is_free_text(column) else ""
    return f"{column.name}: {kind}WOULD LAND AS IT IS"
