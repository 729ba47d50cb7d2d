"""Known dirt: records that a partner got wrong, and the rule each of them breaks.

A dirty record is one more record, modelled on a real one under a key of its own, so that the good records stay what
they are. One fault a record. Some are sent again, mended, some days later, and are good from then on.

Hidden columns: `_dirt` (kind, '' for clean), `_dirt_column` (canonical), `_rule` (reason code), `_written` (what the
partner writes in that cell instead), `_entry` (0, or 1 for the second of two entries of one key).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.vocabulary import KEYS, ORGANISATION_CODES
from simulators.writing import Cell, write_columns
from simulators.year import BUSY_DAY, HISTORY_END, clock

BAD_BYTE = "\x1a"  # stands for a byte that GB 18030 does not have, until the file is encoded
RAGGED_MORE, RAGGED_LESS = "\x1d", "\x1c"  # stand for a row with a cell too many, or two too few
MENDED_SHARE = 0.3

Record = dict[str, Any]  # one row of a log
Writer = Callable[[np.random.Generator, Cell], Cell]


@dataclass(frozen=True)
class Fault:
    """A kind of dirt in one column: the rule it breaks and how the cell is written."""

    kind: str
    rule: str
    column: str
    write: Writer


def _instead(*texts: Cell) -> Writer:
    return lambda rng, _: texts[int(rng.integers(len(texts)))]


def _unit(*units: str) -> Writer:
    return lambda rng, cell: f"{cell or 5}{units[int(rng.integers(len(units)))]}"


def _wrong_check(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell).strip()
    others = [digit for digit in "0123456789" if digit != text[-1]]
    return text[:-1] + others[int(rng.integers(len(others)))]


def _mojibake(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell)
    form = int(rng.integers(3))
    if form == 0:
        return text[:1] + "\ufffd\ufffd" + text[2:]
    if form == 1:
        return text[:1] + "锟斤拷" + text[2:]
    # UTF-8 read as windows-1252, as browsers do it; a code of plain letters would come through unharmed
    raw = ("健康服务" if text.isascii() else text).encode()
    return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in raw)


def _bad_byte(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell)
    return text[:1] + BAD_BYTE + text[1:]


def _future(rng: np.random.Generator, cell: Cell) -> Cell:
    day = f"{(2052, 2027, 2035)[int(rng.integers(3))]}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    return day + str(cell)[10:] if len(str(cell)) == 19 else day


def _impossible(rng: np.random.Generator, cell: Cell) -> Cell:
    day = ("2025-02-30", "2025-13-05", "2025-09-31", "2025-06-00")[int(rng.integers(4))]
    return day + str(cell)[10:] if len(str(cell)) == 19 else day


_EMPTY = _instead(None)


def _worker(column: str) -> list[Fault]:
    return [
        Fault("bad_check_digit", "check_digit", column, _wrong_check),
        Fault("missing_required", "required_missing", column, _EMPTY),
    ]


def _day(column: str) -> list[Fault]:
    return [
        Fault("impossible_date", "type_invalid", column, _impossible),
        Fault("future_date", "future_date", column, _future),
        Fault("missing_required", "required_missing", column, _EMPTY),
    ]


def _code(column: str, *unknown: str) -> list[Fault]:
    return [
        Fault("code_not_in_list", "not_in_code_list", column, _instead(*unknown)),
        Fault("missing_required", "required_missing", column, _EMPTY),
    ]


def _number(column: str, unit: str, *beyond: int) -> list[Fault]:
    return [
        Fault("unit_in_number", "type_invalid", column, _unit(unit, f" {unit}")),
        Fault("out_of_range", "out_of_range", column, _instead(*beyond)),
    ]


def _text(column: str) -> list[Fault]:
    return [Fault("mojibake", "unreadable_text", column, _mojibake)]


_CREDIT_CODE = Fault("bad_credit_code", "check_digit", "employer_credit_code", _wrong_check)
_BAD_VOUCHER = Fault(
    "bad_pattern", "pattern_mismatch", "voucher_id", _instead("2025000031", "V25-00031", "V20250000310")
)
_RAGGED = [Fault("ragged_row", "ragged_row", "", _instead(form)) for form in (RAGGED_MORE, RAGGED_LESS)]

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("maternity_hospital", "health_services"): [
        *_worker("worker_id"),
        *_day("service_date"),
        *_code("service_category", "口腔检查", "健康体检套餐"),
        *_code("organisation_code", "净月区总工会", "吉林市总工会"),
        *_text("service_category"),
        *_text("organisation_code"),
        Fault("undecodable_byte", "unreadable_text", "service_category", _bad_byte),
        *_number("satisfaction_score", "分", 0, 9, 100),
        _CREDIT_CODE,
        _BAD_VOUCHER,
        *_RAGGED,
    ],
    ("eye_hospital", "health_services"): [
        *_worker("worker_id"),
        *_day("service_date"),
        *_code("service_category", "EH09", "眼科"),
        *_code("organisation_code", "220199", "CY09"),
        *_text("service_category"),
        *_number("satisfaction_score", "分", 0, 6, 10),
        _CREDIT_CODE,
        _BAD_VOUCHER,
    ],
    ("mini_program", "vouchers"): [
        *_worker("worker_id"),
        *_day("issued_on"),
        *_code("organisation_code", "U220199", "UIND9"),
        *_code("voucher_type", "体验券"),
        *_code("partner_id", "GSYY", "KQYY"),
        *_text("voucher_type"),
        Fault("wrong_order", "field_order", "expires_on", _instead("2025-01-15")),
    ],
    ("mini_program", "outreach_events"): [
        *_day("event_date"),
        *_code("event_type", "文艺演出"),
        *_code("organisation_code", "U220199"),
        *_code("site_kind", "社区"),
        *_text("site_name"),
        *_number("attendees", "人", -3, 50000),
    ],
    ("job_fair_system", "job_fairs"): [
        *_day("fair_date"),
        *_code("fair_type", "培训班"),
        *_code("organisation_code", "净月区"),
        *_text("fair_name"),
    ],
    ("job_fair_system", "job_postings"): [
        _CREDIT_CODE,
        Fault("missing_required", "required_missing", "employer_credit_code", _EMPTY),
        Fault("missing_required", "required_missing", "headcount", _EMPTY),
        *_number("headcount", "人", 0, -5, 99999),
        Fault("unit_in_number", "type_invalid", "monthly_wage_min", _unit("元", "元/月")),
        *_text("employer_name"),
        *_text("occupation"),
    ],
    ("job_fair_system", "job_applications"): [
        *_worker("worker_id"),
        *_day("applied_on"),
        *_code("stage", "已收藏"),
        *_text("stage"),
    ],
    ("training_base", "training_sessions"): [
        *_day("started_on"),
        *_code("course", "茶艺师"),
        *_code("organisation_code", "220199"),
        *_text("course"),
        *_number("capacity", "人", 0, 9000),
        Fault("wrong_order", "field_order", "ended_on", _instead("2025-01-02")),
        *_RAGGED,
    ],
    ("training_base", "training_attendances"): [
        *_worker("worker_id"),
        *_day("attended_on"),
        Fault("code_not_in_list", "not_in_code_list", "certificate_level", _instead("特级", "5")),
        *_text("certificate_level"),
        *_RAGGED,
    ],
    ("mediation_center", "mediation_cases"): [
        *_worker("applicant_id"),
        *_day("accepted_on"),
        *_code("organisation_code", "220199", "2201C9"),
        *_code("dispute_type", "07"),
        *_text("dispute_type"),
        _CREDIT_CODE,
    ],
    ("mediation_center", "mediation_events"): [
        *_day("event_at"),
        *_code("event_type", "ZZ"),
        *_text("event_type"),
    ],
}

# child feed -> (column that names the parent, a parent nobody has)
ORPHANS: dict[str, tuple[str, str]] = {
    "job_postings": ("fair_id", "F2025999"),
    "job_applications": ("posting_id", "P999999"),
    "training_attendances": ("session_id", "T2025999"),
    "mediation_events": ("case_id", "LT202599999"),
}

# feed -> (prefix, digits) of a new key; numbers from nine tenths of the range up, which good records do not reach
NEW_KEYS: dict[str, tuple[str, int]] = {
    "vouchers": ("V2025", 6),
    "outreach_events": ("H2025", 4),
    "job_fairs": ("F2025", 3),
    "job_postings": ("P", 6),
    "job_applications": ("A", 7),
    "training_sessions": ("T2025", 3),
    "training_attendances": ("Q", 6),
    "mediation_cases": ("LT2025", 5),
    "mediation_events": ("E", 6),
}

# few rows, on which others hang: a second record would be counted as one more fair or session
NEVER_MENDED = {"job_fairs", "training_sessions"}

_FILLED: dict[str, object] = {
    "redeemed_on": np.datetime64("NaT"),
    "satisfaction_score": 4,
    "certificate_level": "junior",
    "monthly_wage_min": 4000,
    "monthly_wage_max": 6000,
}
_ENDS = {"issued_on": "expires_on", "started_on": "ended_on"}

# what is changed in the second of two contradicting entries of one key
_CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "health_services": ("organisation_code", list(ORGANISATION_CODES[:11])),
    "vouchers": ("organisation_code", list(ORGANISATION_CODES)),
    "outreach_events": ("attendees", [11, 12, 13]),
    "job_fairs": ("organisation_code", list(ORGANISATION_CODES)),
    "job_postings": ("headcount", [2, 3, 4]),
    "job_applications": ("stage", ["applied", "interviewed", "offered"]),
    "training_sessions": ("capacity", [31, 32]),
    "training_attendances": ("certificate_level", ["none", "junior", "intermediate"]),
    "mediation_cases": ("dispute_type", ["wages", "contract", "other"]),
    "mediation_events": ("event_type", ["mediation_held", "agreement", "transferred"]),
}


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
        return _Case(kind, model, moments[model].astype("datetime64[D]") + days)

    history, later = moments < HISTORY_END, moments >= BUSY_DAY + 1
    count = max(len(kinds), round(rate * history.sum()))
    cases = [case(kinds[n % len(kinds)], history, "never" if n < len(kinds) else "perhaps") for n in range(count)]
    start = int(rng.integers(len(kinds)))
    for day in (HISTORY_END, BUSY_DAY):
        on_day = (moments >= day) & (moments < day + 1)
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
            column, values = _CONTRADICTIONS[feed]
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
    record |= {column: value for column, value in _FILLED.items() if column in model}
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
    if fault.rule == "future_date" and fault.column in _ENDS:
        row[_ENDS[fault.column]] = np.datetime64("2053-12-31")  # so that the order of the two stays right
    return row


def _marks(kind: str, column: str, rule: str, entry: int = 0) -> Record:
    return {"_dirt": kind, "_dirt_column": column, "_rule": rule, "_entry": entry}
