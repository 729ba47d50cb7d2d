"""A first draft of a partner file, from a sample of what the partner sends: names that resemble, values that fit."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import duckdb
import python_calamine as calamine
import yaml
from rapidfuzz import fuzz

from worker_services.contracts import Column, Contract, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.landing.reading import UnreadableDelivery
from worker_services.landing.reading.encoding import utf8_blocks
from worker_services.landing.reading.headers import normal
from worker_services.landing.rules import broken_rule, clean, typed
from worker_services.partners.registry import Feed, FileSource, load_partners
from worker_services.partners.samples import (
    DeliveredColumn,
    Sample,
    columns_of,
    from_file,
    is_free_text,
    personal_kind,
)
from worker_services.sql_literals import quoted

LEADING_ROWS = 50
RESEMBLES = 0.55
FITS = 0.8
SAME_KIND = 0.7
NAME_WEIGHT = 0.6
DESCRIPTION_WEIGHT = 0.6
CODES_AT_MOST = 40
Format = Literal["csv", "xlsx", "xls", "json", "ndjson"]
_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xls": "xls",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}


@dataclass(frozen=True)
class Match:
    """A contract column and the delivered one it is probably read from; all scores lie between 0 and 1."""

    column: Column
    delivered: str
    resemblance: float
    fit: float

    @property
    def score(self) -> float:
        return NAME_WEIGHT * self.resemblance + (1 - NAME_WEIGHT) * self.fit


@dataclass(frozen=True)
class UnknownCode:
    """A value that no code list knows, how many rows have it, and the code it resembles, if one does."""

    value: str
    rows: int
    guess: str | None


@dataclass(frozen=True)
class Suggestion:
    """A drafted mapping: what was matched, which contract columns and which delivered ones were not."""

    contract: Contract
    source: FileSource
    matches: list[Match]
    lost: list[Column]
    unmapped: list[DeliveredColumn]
    unknown_codes: dict[str, list[UnknownCode]]


def suggest(path: Path, feed_name: str, interval: Interval) -> Suggestion:
    """Draft a mapping of a sample file onto a feed. Raises UnreadableDelivery, ValueError for what is no sample."""
    contract = load_contract(feed_name)
    try:
        source, names = _source(path, contract)
    except (zipfile.BadZipFile, calamine.CalamineError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} is not what its name says ({type(error).__name__}), or it is cut off") from error
    # Any mapping finds the header; which column is which is told from the values behind it.
    any_mapping: dict[str, tuple[str, ...]] = {
        column.name: (name,) for column, name in zip(contract.columns, names, strict=False)
    }
    anything = replace(contract, columns=tuple(replace(column, required=False) for column in contract.columns))
    sample = from_file(path, Feed(source=source, columns=any_mapping), anything, interval)
    for _ in sample.delivered.batches:
        pass  # a total row stands at the end
    if sample.delivered.summary.declared_total is not None:
        source = source.model_copy(update={"has_total_row": True})
    delivered = columns_of(sample, f"date '{interval.last_day}'")
    matches = list(_matches(contract, sample, delivered, interval))
    found, used = {match.column.name for match in matches}, {match.delivered for match in matches}
    return Suggestion(
        contract=contract,
        source=source,
        matches=sorted(matches, key=lambda match: contract.columns.index(match.column)),
        lost=[column for column in contract.columns if column.name not in found],
        unmapped=[column for column in delivered if column.name not in used],
        unknown_codes=_unknown_codes(matches, sample, delivered),
    )


def draft(suggestion: Suggestion, partner: str) -> str:
    """The suggestion as a partner file; what a person must still say stands in comments."""
    contract = suggestion.contract
    lines = [
        "# yaml-language-server: $schema=partner.schema.json",
        "# Drafted from a sample. Read every line, fill what is empty, then: worker-services partner check",
        f"partner: {partner}",
        "name: ''  # official Chinese name, as leaders read it",
        "short_name: ''  # for narrow tables; empty: the name",
        "name_en: ''",
        "type: ''  # hospital, service or system",
        f"domain: {contract.domain}",
        "contact: ''  # who answers for deliveries",
        "notify: []  # mail addresses that are told of a delivery that could not be used whole",
        f"connection: {partner}_sftp",
        "feeds:",
        f"  {contract.feed}:",
        "    source:",
    ]
    stated = suggestion.source.model_dump(exclude_defaults=True)
    lines += [f"      {name}: {_scalar(value)}" for name, value in stated.items()]
    lines.append("    columns:")
    for match in suggestion.matches:
        scores = f"name {match.resemblance:.0%}, values {match.fit:.0%}"
        lines.append(f"      {match.column.name}: {_scalar(match.delivered)}  # {match.column.label}; {scores}")
    for column in suggestion.lost:
        need = "REQUIRED: map it, or state a constant" if column.required else "optional"
        lines.append(f"      # {column.name}: nothing found  # {column.label}; {need}")
    for unmapped in suggestion.unmapped:
        personal = f"; personal data: {', '.join(unmapped.personal)}" if unmapped.personal else ""
        lines.append(f"      # not mapped: {_scalar(_masked(unmapped.name))}{personal}")
    lines += _code_lines(suggestion)
    return "\n".join(lines) + "\n"


def resemblance(column: Column, delivered: str) -> float:
    """How much a delivered name is like what the column is called here, and by partners who deliver it already."""
    name = _words(delivered)
    best = max(
        max(fuzz.ratio(name, known), 0.9 * fuzz.partial_ratio(name, known) if min(len(name), len(known)) > 1 else 0)
        for known in _vocabulary(column)
    )
    described = DESCRIPTION_WEIGHT * fuzz.token_set_ratio(name, column.description.lower())
    return float(max(best, described)) / 100


def _likeness(column: Column, delivered: DeliveredColumn) -> float:
    """Resemblance of the names; what holds the same kind of personal data is alike, whatever it is called."""
    same_kind = personal_kind(column.label) in delivered.personal
    return max(resemblance(column, delivered.name), SAME_KIND if same_kind else 0.0)


def _vocabulary(column: Column) -> set[str]:
    return {_words(column.label), _words(column.name), *_in_use().get(column.name, ())}


@cache
def _in_use() -> dict[str, set[str]]:
    """What partners call each contract column."""
    names: dict[str, set[str]] = {}
    for partner in load_partners().values():
        for feed in partner.feeds.values():
            for column, aliases in feed.columns.items():
                names.setdefault(column, set()).update(_words(alias) for alias in aliases)
    return names


def _words(name: str) -> str:
    """A name in lower case with its words apart: serviceDate, service_date and 'Service  Date' are the same."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return normal(re.sub(r"[\s_\-.]+", " ", apart).replace(" ", "\0")).replace("\0", " ").lower().strip()


def _matches(
    contract: Contract, sample: Sample, delivered: list[DeliveredColumn], interval: Interval
) -> Iterator[Match]:
    """The best pairs, each column once, the surest first."""
    fits = _fits(contract, sample, interval)
    likely = [
        Match(column, each.name, _likeness(column, each), fits[column.name].get(each.name, 0.0))
        for column in contract.columns
        for each in delivered
    ]
    likely = [match for match in likely if _is_likely(match)]
    while likely:
        best = max(likely, key=lambda match: match.score)
        yield best
        likely = [each for each in likely if each.column != best.column and each.delivered != best.delivered]


def _is_likely(match: Match) -> bool:
    """The name says so, or values that hardly anything else has: check digits and codes."""
    if match.resemblance >= RESEMBLES:
        return match.fit > 0 or is_free_text(match.column) or match.resemblance > FITS
    return bool(match.column.check_digit or match.column.code_list) and match.fit >= FITS


def _fits(contract: Contract, sample: Sample, interval: Interval) -> dict[str, dict[str, float]]:
    """By contract column and delivered name: the share of filled cells that keep the column's own rules."""
    fits = {}
    with duckdb.connect(config={"temp_directory": ""}) as engine:
        engine.execute("set timezone = 'Asia/Shanghai'")
        _cells(engine, sample)
        for column in contract.columns:
            own = replace(column, required=False, key_position=None)
            value = _known_code(column) if column.code_list else typed(own, "tidy")
            rule = broken_rule(own, "tidy", "value", f"date '{interval.last_day}'", "false")
            distinct = "count(distinct tidy) / count(tidy)" if column.key_position and len(contract.key) == 1 else "1"
            found = engine.execute(
                f"""
                with tidied as (select name, {clean(own, "cell")} as tidy from cells),
                valued as (select *, {value} as value from tidied where tidy is not null),
                judged as (select *, {rule} as broken from valued)
                select name, count(*) filter (where broken is null) / count(*) * {distinct} from judged group by name
                """
            ).fetchall()
            certainty = 0.5 if is_free_text(column) and not column.key_position else 1.0  # any text is free text
            fits[column.name] = {name: float(share) * certainty for name, share in found}
    return fits


def _cells(engine: duckdb.DuckDBPyConnection, sample: Sample) -> None:
    """Table `cells` of the engine: name and cell of every delivered cell."""
    engine.register("stream", sample.rows)
    engine.execute(
        f"""
        create table cells as
        select entry.key as name, json_extract_string(entry.value, '$') as cell
        from (select ({sample.delivered.whole})::json as whole from stream where _cells is null) as records,
            json_each(records.whole) as entry
        """
    )


def _known_code(column: Column) -> str:
    known = ", ".join(quoted(normal(text)) for text in load_code_list(column.code_list or ""))
    return f"if(tidy in ({known}), tidy, null)"


def _unknown_codes(
    matches: list[Match], sample: Sample, delivered: list[DeliveredColumn]
) -> dict[str, list[UnknownCode]]:
    """Values of coded columns that are not known; none of a column that may hold personal data or free text."""
    described = {each.name: each for each in delivered}
    unknown: dict[str, list[UnknownCode]] = {}
    with duckdb.connect(config={"temp_directory": ""}) as engine:
        _cells(engine, sample)
        for match in matches:
            each = described[match.delivered]
            if not match.column.code_list or each.personal or each.distinct > CODES_AT_MOST:
                continue
            found = engine.execute(
                f"""
                select tidy, count(*) as times
                from (select {clean(match.column, "cell")} as tidy from cells where name = $name) as tidied
                where tidy is not null and {_known_code(match.column)} is null
                    and not regexp_matches(tidy, '\\d{{6}}') and length(tidy) <= 20
                group by tidy order by times desc, tidy
                """,
                {"name": match.delivered},
            ).fetchall()
            if found:
                codes = load_code_list(match.column.code_list)
                unknown[match.column.name] = [UnknownCode(value, rows, _guess(value, codes)) for value, rows in found]
    return unknown


def _guess(value: str, codes: dict[str, str]) -> str | None:
    """The code whose name is most like the value, if any is like it enough."""
    score, code = max((fuzz.ratio(_words(value), _words(spelling)), code) for spelling, code in codes.items())
    return code if score >= 100 * RESEMBLES else None


def _code_lines(suggestion: Suggestion) -> Iterator[str]:
    codes = suggestion.unknown_codes
    if not codes:
        return
    is_stated = any(code.guess for unknown in codes.values() for code in unknown)
    yield f"    {'' if is_stated else '# '}codes:"
    for name, unknown in codes.items():
        column = suggestion.contract.column(name)
        ours = ", ".join(sorted(set(load_code_list(column.code_list or "").values())))
        yield f"      # {column.label}; our codes: {ours}"
        yield f"      {'' if any(code.guess for code in unknown) else '# '}{name}:"
        for code in unknown:
            if code.guess:
                yield f"        {_scalar(code.value)}: {code.guess}  # resembles it; {code.rows} rows"
            else:
                yield f"        # {_scalar(code.value)}: which of ours?  # {code.rows} rows"


def _source(path: Path, contract: Contract) -> tuple[FileSource, list[str]]:
    """How a file is to be read, and the names of its columns."""
    data, suffix, packed = path.read_bytes(), path.suffix.lower(), {}
    if suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [name for name in archive.namelist() if Path(name).suffix.lower() in _FORMATS]
            if not members:
                raise ValueError(f"{path.name}: no member of the archive ends in {', '.join(_FORMATS)}")
            data, suffix = archive.read(members[0]), Path(members[0]).suffix.lower()
        packed = {"archive": "zip", "member": f"*{Path(members[0]).suffix}"}
    if suffix not in _FORMATS:
        raise ValueError(f"{path.name}: a sample's name ends in {', '.join([*_FORMATS, '.zip'])}")
    kind, records = _FORMATS[suffix], ""
    if kind == "csv":
        tables: Iterable[list[list[str]]] = _delimited(data)
    elif kind in ("xlsx", "xls"):
        tables = _sheets(data)
    else:
        records, names = _fields(data, kind)
        tables = [[names]]
    stated = {"kind": "file", "path": _path_of(path.name), "format": kind, "records": records} | packed
    return FileSource.model_validate(stated), _header(tables, contract)


def _delimited(data: bytes) -> Iterator[list[list[str]]]:
    text = next(utf8_blocks(io.BytesIO(data), "auto"), b"").decode()
    for delimiter in ",\t;|":
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        yield [row for row, _ in zip(rows, range(LEADING_ROWS), strict=False)]


def _sheets(data: bytes) -> Iterator[list[list[str]]]:
    workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    for name in workbook.sheet_names:
        rows = [[str(cell) for cell in row] for row in workbook.get_sheet_by_name(name).to_python(nrows=LEADING_ROWS)]
        yield rows
        yield [_merged(upper, lower) for upper, lower in pairwise(rows)]


def _merged(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """A header of two rows as one: the lower name, or the upper one where there is no lower."""
    return [below or above for above, below in zip(upper, lower, strict=True)]


def _fields(data: bytes, kind: Format) -> tuple[str, list[str]]:
    """Dotted path of the list of records, and the names of their fields."""
    if kind == "ndjson":
        lines = data.decode("utf-8-sig").splitlines()[:LEADING_ROWS]
        return "", list(dict.fromkeys(name for line in lines if line.strip() for name in json.loads(line)))
    path, records = max(_lists(json.loads(data.decode("utf-8-sig"))), key=lambda found: len(found[1]))
    return path, list(dict.fromkeys(name for record in records[:LEADING_ROWS] for name in record))


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every list of objects in a document, by its dotted path."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists(inner, f"{path}.{name}".lstrip("."))
    if not path:
        yield "", []


def _header(tables: Iterable[list[list[str]]], contract: Contract) -> list[str]:
    """The row that is most like a header of this feed. Raises UnreadableDelivery."""

    def score(row: list[str]) -> tuple[float, int]:
        names = list(dict.fromkeys(name for name in map(normal, row) if name))
        alike = [max(resemblance(column, name) for column in contract.columns) for name in names]
        texts = [name for name in names if not re.fullmatch(r"[\d.,:/%-]+", name) and len(name) <= 30]
        return sum(each for each in alike if each >= RESEMBLES), len(texts)

    # A row with a long number is data: taken for a header it would show what is in it.
    rows = [
        row
        for table in tables
        for row in table
        if sum(map(bool, row)) > 1 and not any(re.search(r"\d{6}", normal(cell)) for cell in row)
    ]
    if not rows:
        raise UnreadableDelivery(
            "样例中没有表头。请换一份带表头的样例。", "the sample has no header; take one that has"
        )
    names = [normal(name) for name in max(rows, key=score)]
    return [name for name in dict.fromkeys(names) if name and names.count(name) == 1]


def _path_of(name: str) -> str:
    """The file's name with the interval's days where it has dates."""
    days = iter(["first", "last"])

    def day(found: re.Match[str]) -> str:
        form = "%Y-%m-%d" if found[1] else "%Y%m%d"
        named = next(days, None)
        return f"{{{named}:{form}}}" if named else found[0]

    dated = re.sub(r"(?<!\d)20\d\d(-?)\d\d\1\d\d(?!\d)", day, name.replace("{", "").replace("}", ""))
    stem, dot, ending = dated.rpartition(".")
    return f"/outbox/{dated}" if "{first" in dated else f"/outbox/{stem}_{{first:%Y%m%d}}{dot}{ending}"


def _masked(name: str) -> str:
    return re.sub(r"\d{5,}", "…", name)


def _scalar(value: Any) -> str:
    """A value as YAML on one line."""
    return (
        str(yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000))
        .removesuffix("\n...\n")
        .strip()
    )
