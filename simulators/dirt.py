"""Known dirt: records that a partner got wrong, and the rule each of them breaks.

A dirty record is one more record, modelled on a real one under a key of its own, so that the good records stay what
they are. One fault a record. Some are sent again, mended, some days later, and are good from then on.

Hidden columns: `_dirt` (kind, '' for clean), `_dirt_column` (canonical), `_rule` (reason code), `_written` (what the
partner writes in that cell instead), `_entry` (0, or 1 for the second of two entries of one key).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.dirt_kinds import CONTRADICTIONS, ENDS, FAULTS, FILLED, NEVER_MENDED, NEW_KEYS, ORPHANS
from simulators.dirt_kinds.common import Fault
from simulators.vocabulary import KEYS
from simulators.writing import Cell, write_columns
from simulators.year import BUSY_DAY, DAY, HISTORY_END, clock

MENDED_SHARE = 0.3

Record = dict[str, Any]  # one row of a log


@dataclass(frozen=True)
class _Case:
    """One piece of dirt to make: the kind, the row it is modelled on, and the day it is mended on, if ever."""

    fault: Fault | str
    model: int
    mended_on: np.datetime64 | None


def soil(rng: np.random.Generator, partner: str, feed: str, log: pd.DataFrame, rate: float) -> pd.DataFrame:
    """The log with dirt: about `rate` of its rows; every kind before the demo's nights, some in each night."""
    log = log.assign(_entry=0, _dirt="", _dirt_column="", _rule="", _written=None)
    if rate <= 0:
        return log
    others = ["exact_duplicate", "key_conflict", *(["orphan_key"] if feed in ORPHANS else [])]
    kinds: list[Fault | str] = [*FAULTS[partner, feed], *others]
    moments = log["_reported_at"].to_numpy()
    is_only = ~log.duplicated(list(KEYS[feed]), keep=False).to_numpy()  # rows of records that never change

    def case(kind: Fault | str, rows: NDArray[np.bool_], mended: str) -> _Case:
        usable = rows & is_only if (rows & is_only).any() else rows
        model = int(rng.choice(np.flatnonzero(usable)))
        if mended == "never" or feed in NEVER_MENDED or (mended == "perhaps" and rng.random() > MENDED_SHARE):
            return _Case(kind, model, None)
        days = 1 if mended == "next day" else int(rng.integers(2, 25))
        return _Case(kind, model, moments[model].astype("datetime64[D]") + days * DAY)

    history, later = moments < HISTORY_END, moments >= BUSY_DAY + DAY
    count = max(len(kinds), round(rate * history.sum()))
    cases = [case(kinds[n % len(kinds)], history, "never" if n < len(kinds) else "perhaps") for n in range(count)]
    start = int(rng.integers(len(kinds)))
    for day in (HISTORY_END, BUSY_DAY):
        on_day = (moments >= day) & (moments < day + DAY)
        cases += [
            case(kinds[(start + n) % len(kinds)], on_day, "next day" if n == 0 else "never")
            for n in range(max(_fewest(on_day), round(rate * on_day.sum())))
        ]
        start += 3
    if later.any():
        picked = rng.integers(len(kinds), size=round(rate * later.sum()))
        cases += [case(kinds[n], later, "perhaps") for n in picked.tolist()]
    return pd.concat([log, _dirty_rows(rng, partner, feed, log, cases)], ignore_index=True)


def _fewest(on_day: NDArray[np.bool_]) -> int:
    """The least number of dirty records a night brings, by the number of its rows."""
    rows = int(on_day.sum())
    return 0 if rows == 0 else 1 if rows < 30 else 3


def _dirty_rows(
    rng: np.random.Generator, partner: str, feed: str, log: pd.DataFrame, cases: list[_Case]
) -> pd.DataFrame:
    table = log.iloc[[case.model for case in cases]]
    models: list[Record] = [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]
    records = [
        model if case.fault == "exact_duplicate" else _new_record(rng, feed, log, model, number)
        for number, (case, model) in enumerate(zip(cases, models, strict=True), start=1)
    ]
    written = write_columns(partner, feed, pd.DataFrame(records).astype(log.dtypes))
    rows: list[Record] = []
    duplicated: set[int] = set()
    for number, (case, record) in enumerate(zip(cases, records, strict=True)):
        if case.fault == "exact_duplicate":
            if case.model not in duplicated:
                duplicated.add(case.model)
                rows.append(record | _marks("exact_duplicate", KEYS[feed][0], "duplicate_row", entry=1))
        elif case.fault == "key_conflict":
            column, values = CONTRADICTIONS[feed]
            other = next(value for value in values if value != record[column])
            marks = _marks("key_conflict", KEYS[feed][0], "duplicate_key")
            rows += [record | marks, record | marks | {"_entry": 1, column: other}]
        elif isinstance(case.fault, Fault):
            cell = written[case.fault.column][number] if case.fault.column else None
            rows.append(_broken(rng, record, case.fault, cell))
        else:
            column, nobody = ORPHANS[feed]
            rows.append(record | _marks("orphan_key", column, "orphan_key") | {column: nobody})
        if case.mended_on is not None and case.fault not in ("exact_duplicate", "key_conflict"):
            mended_at = clock(rng, np.array([case.mended_on]), 9.0, 18.0)[0]
            rows.append(record | {"_reported_at": mended_at, "_change": "corrected"})
    return pd.DataFrame(rows).astype(log.dtypes)


def _new_record(rng: np.random.Generator, feed: str, log: pd.DataFrame, model: Record, number: int) -> Record:
    """A record like the model under a key of its own, every cell that may be soiled filled in."""
    record = model | {"record_status": "valid", "_change": "new", "_form": model["_form"] % 4}
    record |= {column: value for column, value in FILLED.items() if column in model}
    if feed == "health_services":
        record["service_id"] = f"{model['service_id'][:10]}9{number:04d}"
        record["voucher_id"] = None  # a voucher is redeemed once
    else:
        prefix, digits = NEW_KEYS[feed]
        record[KEYS[feed][0]] = f"{prefix}{9 * 10 ** (digits - 1) + number}"
    if "employer_credit_code" in record and not isinstance(record["employer_credit_code"], str):
        codes = log["employer_credit_code"].dropna()
        record["employer_credit_code"] = codes.iloc[int(rng.integers(len(codes)))]
    return record


def _broken(rng: np.random.Generator, record: Record, fault: Fault, cell: Cell) -> Record:
    row = record | _marks(fault.kind, fault.column, fault.rule) | {"_written": fault.write(rng, cell)}
    if fault.rule == "future_date" and ENDS.get(fault.column) in record:
        row[ENDS[fault.column]] = np.datetime64("2053-12-31")  # so that the order of the two stays right
    return row


def _marks(kind: str, column: str, rule: str, entry: int = 0) -> Record:
    return {"_dirt": kind, "_dirt_column": column, "_rule": rule, "_entry": entry}
