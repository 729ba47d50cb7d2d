"""Kinds of dirt: the rule each breaks, and how the faulty cell is written."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulators.writing import Cell

BAD_BYTE = "\x1a"  # stands for a byte that GB 18030 does not have, until the file is encoded
RAGGED_MORE, RAGGED_LESS = "\x1d", "\x1c"  # stand for a row with a cell too many, or two too few

Writer = Callable[[np.random.Generator, Cell], Cell]


@dataclass(frozen=True)
class Fault:
    """A kind of dirt in one column: the rule it breaks and how the cell is written."""

    kind: str
    rule: str
    column: str
    write: Writer


def instead(*texts: Cell) -> Writer:
    return lambda rng, _: texts[int(rng.integers(len(texts)))]


def unit(*units: str) -> Writer:
    return lambda rng, cell: f"{cell or 5}{units[int(rng.integers(len(units)))]}"


def wrong_check(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell).strip()
    others = [digit for digit in "0123456789" if digit != text[-1]]
    return text[:-1] + others[int(rng.integers(len(others)))]


def mojibake(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell)
    form = int(rng.integers(3))
    if form == 0:
        return text[:1] + "\ufffd\ufffd" + text[2:]
    if form == 1:
        return text[:1] + "锟斤拷" + text[2:]
    # UTF-8 read as windows-1252, as browsers do it; a code of plain letters would come through unharmed
    raw = ("健康服务" if text.isascii() else text).encode()
    return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in raw)


def bad_byte(rng: np.random.Generator, cell: Cell) -> Cell:
    text = str(cell)
    return text[:1] + BAD_BYTE + text[1:]


def future(rng: np.random.Generator, cell: Cell) -> Cell:
    day = f"{(2052, 2027, 2035)[int(rng.integers(3))]}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    return day + str(cell)[10:] if len(str(cell)) == 19 else day


def impossible(rng: np.random.Generator, cell: Cell) -> Cell:
    day = ("2025-02-30", "2025-13-05", "2025-09-31", "2025-06-00")[int(rng.integers(4))]
    return day + str(cell)[10:] if len(str(cell)) == 19 else day


EMPTY = instead(None)


def worker(column: str) -> list[Fault]:
    return [
        Fault("bad_check_digit", "check_digit", column, wrong_check),
        Fault("missing_required", "required_missing", column, EMPTY),
    ]


def day(column: str) -> list[Fault]:
    return [
        Fault("impossible_date", "type_invalid", column, impossible),
        Fault("future_date", "future_date", column, future),
        Fault("missing_required", "required_missing", column, EMPTY),
    ]


def code(column: str, *unknown: str) -> list[Fault]:
    return [
        Fault("code_not_in_list", "not_in_code_list", column, instead(*unknown)),
        Fault("missing_required", "required_missing", column, EMPTY),
    ]


def number(column: str, measure: str, *beyond: int) -> list[Fault]:
    return [
        Fault("unit_in_number", "type_invalid", column, unit(measure, f" {measure}")),
        Fault("out_of_range", "out_of_range", column, instead(*beyond)),
    ]


def text(column: str) -> list[Fault]:
    return [Fault("mojibake", "unreadable_text", column, mojibake)]


CREDIT_CODE = Fault("bad_credit_code", "check_digit", "employer_credit_code", wrong_check)
BAD_VOUCHER = Fault("bad_pattern", "pattern_mismatch", "voucher_id", instead("2025000031", "V25-00031", "V20250000310"))
RAGGED = [Fault("ragged_row", "ragged_row", "", instead(form)) for form in (RAGGED_MORE, RAGGED_LESS)]
