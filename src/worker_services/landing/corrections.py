"""The corrections register: what a partner will not mend, set right where the warehouse reads landing.

An entry names one record of one partner. Its guard fails once the latest version of the record is no longer wrong, so
that no entry outlives its reason.
"""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import duckdb
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worker_services.audit import ledger
from worker_services.contracts import SQL_TYPES, Column, Contract, load_code_list, load_contract
from worker_services.files import sha256
from worker_services.landing import batches
from worker_services.landing.rules import broken_rule, clean, typed
from worker_services.partners.registry import load_partners
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.sql_literals import quoted

REGISTER = PROJECT_ROOT / "expectations" / "corrections.yaml"
CHANGE = "corrections.change"
SUBJECT = "expectations/corrections.yaml"
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("partner", pa.string()),
        ("feed", pa.string()),
        ("action", pa.string()),
        ("column_name", pa.string()),
        ("reason", pa.string()),
        ("provider", pa.string()),
        ("recorded_on", pa.date32()),
        ("rows_matched", pa.int64()),
        ("is_needed", pa.bool_()),
    ]
)

Value = str | int | Decimal | datetime | date | None


class Correction(BaseModel):
    """One entry. `was` and `becomes` are values as they land: typed, and codes of the contract's code lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    partner: str
    feed: str
    key: dict[str, Value]
    action: Literal["drop", "override"]
    column: str | None = None
    was: Value = None
    becomes: Value = None
    reason: str = Field(min_length=1)
    provider: str = Field(min_length=1)
    recorded_on: date
    recorded_by: str = Field(min_length=1)

    @property
    def contract(self) -> Contract:
        return load_contract(self.feed)

    @model_validator(mode="after")
    def _fits_its_contract(self) -> Self:
        known = load_partners()
        if self.partner not in known or self.feed not in known[self.partner].feeds:
            raise ValueError(f"no partner '{self.partner}' with a feed '{self.feed}'")
        if set(self.key) != set(self.contract.key):
            raise ValueError(f"key must name {', '.join(self.contract.key)}: that is the key of {self.feed}")
        for name, value in self.key.items():
            column = self.contract.column(name)
            if column.privacy != "keep" or value is None:
                raise ValueError(f"the key column '{name}' must have a value, and be no personal data")
            _check_fits(column, value)
        if self.action == "drop":
            if {"column", "was", "becomes"} & self.model_fields_set:
                raise ValueError("a record that is dropped has neither column nor was nor becomes")
            return self
        if self.column is None or not {"was", "becomes"} <= self.model_fields_set:
            raise ValueError("an override states column, was and becomes (null where a cell is empty)")
        if self.column not in {each.name for each in self.contract.columns}:
            raise ValueError(f"'{self.column}' is not a column of {self.feed}")
        column = self.contract.column(self.column)
        if column.privacy != "keep":
            raise ValueError(f"'{self.column}' is personal data: it never lands, so it cannot be corrected here")
        if column.key_position:
            raise ValueError(f"'{self.column}' is part of the key: drop the record instead")
        if self.was == self.becomes:
            raise ValueError("was and becomes are the same")
        if self.becomes is None and column.required:
            raise ValueError(f"'{self.column}' is required, so it cannot become empty")
        for value in (self.was, self.becomes):
            _check_fits(column, value)
        return self


class _Register(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    corrections: list[Correction]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [correction.id for correction in self.corrections]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: used more than once")
        return self


@dataclass(frozen=True)
class Applied:
    """What a correction meets: `rows_matched` versions that it changes; `is_needed` while the latest is one of them."""

    correction: Correction
    rows_matched: int
    is_needed: bool


@cache
def load(path: Path = REGISTER) -> tuple[Correction, ...]:
    """Read the register. Raises ValueError that names the file, each entry and what is wrong with it."""
    try:
        return tuple(_Register.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).corrections)
    except ValidationError as error:
        mistakes = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(f"{path}:\n  " + "\n  ".join(mistakes)) from error


def enter_changes(settings: Settings, path: Path = REGISTER) -> None:
    """Enter in the ledger what the register says, where it says something else than when it was entered last.

    Its hash and entries by their ids, with the hash of each; and the commit that it stands in, with its author, where
    git knows the file as it is. Nothing is entered of a register that never held anything.
    """
    digest = sha256(path)
    said = {each.id: _digest(each) for each in load(path)}
    last = next(reversed(ledger.about(settings, CHANGE, SUBJECT)), None)
    before = last.details["corrections"] if last else {}
    if (last.details["sha256"] if last else None) == digest or (last is None and not said):
        return
    details = {
        "sha256": digest,
        "corrections": said,
        "added": sorted(said.keys() - before.keys()),
        "changed": sorted(name for name in said.keys() & before.keys() if said[name] != before[name]),
        "removed": sorted(before.keys() - said.keys()),
        "commit": _commit(path),
    }
    ledger.append(settings, settings.actor, CHANGE, SUBJECT, details)


def _digest(correction: Correction) -> str:
    return hashlib.sha256(correction.model_dump_json().encode()).hexdigest()


def _commit(path: Path) -> dict[str, str] | None:
    """The last commit of a file that is as it was committed: its hash, author and time."""
    asked = ["git", "-C", str(path.parent), "log", "-1", "--format=%H%x00%an%x00%aI", "--", path.name]
    status = ["git", "-C", str(path.parent), "status", "--porcelain", "--", path.name]
    try:
        said, changed = (
            subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
            for command in (asked, status)
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # the project was installed without its history
    if changed or not said:
        return None
    return dict(zip(("hash", "author", "at"), said.strip().split("\0"), strict=True))


def for_feed(feed: str, register: Iterable[Correction] | None = None) -> list[Correction]:
    """The corrections of one feed, in the register's order."""
    return [correction for correction in _or_load(register) if correction.feed == feed]


def apply_sql(feed: str, relation_sql: str, register: Iterable[Correction] | None = None) -> str:
    """A select over a feed's landed rows (with `_partner`), corrected. Without corrections it is the same select."""
    corrections = for_feed(feed, register)
    if not corrections:
        return relation_sql
    cases: dict[str, list[str]] = {}
    for correction in corrections:
        if correction.column:
            value = _literal(correction.contract.column(correction.column), correction.becomes)
            cases.setdefault(correction.column, []).append(f"when {_matches(correction)} then {value}")
    overrides = ", ".join(f'case {" ".join(whens)} else "{name}" end as "{name}"' for name, whens in cases.items())
    drops = " and ".join(f"not ({_matches(each)})" for each in corrections if each.action == "drop")
    columns = f"* replace ({overrides})" if overrides else "*"
    return f"select {columns} from ({relation_sql}) as landed" + (f" where {drops}" if drops else "")


def applied(
    settings: Settings, as_of: datetime | None = None, register: Iterable[Correction] | None = None
) -> list[Applied]:
    """What each correction of the register meets in the batches that stand (that stood at `as_of`)."""
    return [_applied(settings, correction, as_of) for correction in _or_load(register)]


def obsolete(
    settings: Settings, as_of: datetime | None = None, register: Iterable[Correction] | None = None
) -> list[Correction]:
    """Corrections whose source is mended, or gone: the latest version of the record is no longer what they correct."""
    return [each.correction for each in applied(settings, as_of, register) if not each.is_needed]


def table(settings: Settings, as_of: datetime | None = None, register: Iterable[Correction] | None = None) -> pa.Table:
    """One row a correction, for the warehouse."""
    rows = [
        {
            **{name: getattr(each.correction, name, None) for name in SCHEMA.names},
            "column_name": each.correction.column,
            "rows_matched": each.rows_matched,
            "is_needed": each.is_needed,
        }
        for each in applied(settings, as_of, register)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _applied(settings: Settings, correction: Correction, as_of: datetime | None) -> Applied:
    landed = batches.of_feed(settings, correction.partner, correction.feed)
    standing = batches.standing(item for item in landed if as_of is None or item.landed_at <= as_of)
    if correction.contract.delivery == "snapshot" and standing:  # who is not in the last register has left it
        last = max(item.interval for item in standing)
        standing = [item for item in standing if item.interval == last]
    if not standing:
        return Applied(correction, 0, False)
    with duckdb.connect() as engine:
        engine.register(
            "batches",
            pa.table(
                {
                    "_batch_id": [item.batch_id for item in standing],
                    "_interval_end": pa.array([item.interval.end for item in standing], pa.date32()),
                }
            ),
        )
        paths = [str(batches.parquet_path(settings, item)) for item in standing]
        columns = correction.contract.landed_columns
        version = 'coalesce("updated_at", _interval_end::timestamp)' if "updated_at" in columns else "_interval_end"
        withdrawn = "coalesce(\"record_status\" = 'withdrawn', false)" if "record_status" in columns else "false"
        versions = engine.execute(
            f"""
            select {_meets(correction)} and not {withdrawn} as is_met
            from (
                select *, $partner as _partner
                from read_parquet($paths, union_by_name = true, hive_partitioning = false)
            ) as landed
            inner join batches using (_batch_id)
            where {_is_record(correction)}
            order by {version} desc, _interval_end desc, _landed_at desc, _batch_id desc, _row_number desc
            """,
            {"paths": paths, "partner": correction.partner},
        ).fetchall()
    met = [is_met for (is_met,) in versions]
    return Applied(correction, sum(met), bool(met) and met[0])


def _matches(correction: Correction) -> str:
    """Which landed rows a correction changes."""
    return f"{_is_record(correction)} and {_meets(correction)}"


def _is_record(correction: Correction) -> str:
    """Which landed rows are versions of the record that a correction names."""
    keys = [f'"{name}" = {_literal(correction.contract.column(name), value)}' for name, value in correction.key.items()]
    return " and ".join([f"_partner = {quoted(correction.partner)}", *keys])


def _meets(correction: Correction) -> str:
    """Whether a version of the record is wrong as the correction says."""
    if not correction.column:
        return "true"
    value = _literal(correction.contract.column(correction.column), correction.was)
    return f'"{correction.column}" is not distinct from {value}'


def _check_fits(column: Column, value: Value) -> None:
    """Raises ValueError unless the value is one that could have landed in the column."""
    if value is None:
        return
    if column.code_list:
        codes = set(load_code_list(column.code_list).values())
        if value not in codes:
            raise ValueError(f"'{value}' is not a code of {column.code_list}: {', '.join(sorted(codes))}")
        return
    cell = clean(column, quoted(str(value)))
    rule = broken_rule(column, cell, typed(column, cell), "date '9999-12-31'", "false")
    with duckdb.connect() as engine:
        engine.execute("set timezone = 'Asia/Shanghai'")
        (broken,) = engine.execute(f"select {rule}").fetchone() or (None,)
    if broken:
        raise ValueError(f"'{value}' does not fit {column.name}, {column.logical_type}: {broken}")


def _literal(column: Column, value: Any) -> str:
    """The value as SQL of the column's type."""
    text = "null" if value is None else quoted(str(value))
    return f"{text}::{SQL_TYPES[column.logical_type]}"


def _or_load(register: Iterable[Correction] | None) -> Iterable[Correction]:
    return load() if register is None else register
