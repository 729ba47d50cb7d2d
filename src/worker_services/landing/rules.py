"""The row rules of a contract as SQL expressions over text cells: engine speed, one place, no row loop.

Each function returns an expression. `cell` is the name of a cleaned text cell (never empty: NULL or text).
"""

from worker_services.contracts import SQL_TYPES, Column
from worker_services.sql_literals import quoted

FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000\u00a0"
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + "  "
_WIDE = "[\\x{FF01}-\\x{FF5E}\\x{3000}\\x{A0}]"
_TAIL = "[\\x{80}-\\x{BF}\\x{152}-\\x{17E}\\x{192}\\x{2C6}\\x{2DC}\\x{2013}-\\x{203A}\\x{20AC}\\x{2122}]"
_MOJIBAKE = (
    "[\\x{FFFD}\\x{E000}-\\x{F8FF}\\x{80}-\\x{9F}\\x00-\\x08\\x0E-\\x1F]"  # replacement, private use, controls
    "|锟斤拷|烫烫|屯屯"  # UTF-8 read as GBK and back; freed memory
    f"|([\\x{{C2}}-\\x{{F4}}]{_TAIL}){{2}}|[\\x{{E2}}-\\x{{EF}}]{_TAIL}{{2}}"  # UTF-8 read as Latin-1 or Windows-1252
)
CLOCK_SKEW_DAYS = 1  # a record stamped later than this after its interval would outrank every later version
_DATE_FORM = r"^\d{4}-\d{1,2}-\d{1,2}$"
_EXCEL_DAY_ZERO = "date '1899-12-30'"  # serial 1 is 1900-01-01 and Excel counts a 29 February 1900 that never was
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def clean(column: Column, cell: str) -> str:
    """The cell without surrounding space, and, where it is no prose, in half-width characters; empty becomes NULL."""
    # Looking first is thirty times faster than translating what needs no translation.
    half = f"if(regexp_matches({cell}, '{_WIDE}'), translate({cell}, '{FULL_WIDTH}', {quoted(HALF_WIDTH)}), {cell})"
    if _is_prose(column):
        return f"nullif(regexp_replace({cell}, '^[\\s\\x{{3000}}\\x{{A0}}]+|[\\s\\x{{3000}}\\x{{A0}}]+$', '', 'g'), '')"
    if column.logical_type == "timestamp":
        return f"nullif(trim({half}), '')"
    squeezed = f"nullif(regexp_replace({half}, '\\s', '', 'g'), '')"
    return f"upper({squeezed})" if column.check_digit else squeezed


def typed(column: Column, cell: str, form: str | None = None) -> str:
    """The cell as the contract's type, NULL where it is not one. `form`: the strptime format a partner declares."""
    if form:
        return f"try_strptime({cell}, {quoted(form)})::{SQL_TYPES[column.logical_type]}"
    if column.logical_type == "date":
        return date_sql(cell)
    if column.logical_type == "timestamp":
        return timestamp_sql(cell)
    if column.logical_type in ("integer", "number"):
        grouped = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
        plain = f"if(regexp_matches({cell}, '{grouped}'), replace({cell}, ',', ''), {cell})"
        form = r"^[+-]?\d{1,15}(\.0+)?$" if column.logical_type == "integer" else r"^[+-]?\d{1,13}(\.\d+)?$"
        number = f"if(regexp_matches({plain}, '{form}'), {plain}, null)"
        return f"try_cast({number} as {SQL_TYPES[column.logical_type]})"
    return cell


def date_sql(cell: str) -> str:
    """2025-06-03, 2025/6/3, 2025.6.3, 20250603, 2025年6月3日, an Excel serial; a midnight behind it is let pass."""
    day = f"regexp_replace({cell}, '[T ]?0{{1,2}}:00(:00(\\.0+)?)?$', '')"
    dashed = f"regexp_replace(regexp_replace({day}, '[年月/.]', '-', 'g'), '日$', '')"
    return (
        f"case when regexp_matches({dashed}, '{_DATE_FORM}') then try_cast({dashed} as date)"
        f" when regexp_matches({day}, '^(19|20)\\d{{6}}$') then try_strptime({day}, '%Y%m%d')::date"
        f" when regexp_matches({day}, '^[2-7]\\d{{4}}(\\.0+)?$')"
        f" then {_EXCEL_DAY_ZERO} + try_cast(split_part({day}, '.', 1) as integer) end"
    )


def timestamp_sql(cell: str) -> str:
    """A date and a time of day, or epoch milliseconds; what has no offset is Asia/Shanghai already."""
    dashed = f"regexp_replace(regexp_replace({cell}, '[年月/]', '-', 'g'), '日 ?', ' ')"
    clock = r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
    return (
        f"case when regexp_matches({cell}, '^1\\d{{12}}$')"  # milliseconds since 1970, UTC
        f" then epoch_ms(try_cast({cell} as bigint)) at time zone 'UTC' at time zone 'Asia/Shanghai'"
        f" when regexp_matches({dashed}, '^{clock}$') then try_cast({dashed} as timestamp)"
        f" when regexp_matches({dashed}, '^{clock}(Z|[+-]\\d{{2}}:?\\d{{2}})$')"
        f" then try_cast({dashed} as timestamptz) at time zone 'Asia/Shanghai'"
        f" else {date_sql(cell)}::timestamp end"
    )


def is_unreadable(cell: str) -> str:
    return f"regexp_matches({cell}, '{_MOJIBAKE}')"


def is_valid_citizen_id(cell: str, last_day: str) -> str:
    """GB 11643-1999: 18 characters, a birth date that exists and is not ahead, ISO 7064 MOD 11-2 check character."""
    digits = " + ".join(
        f"{weight} * try_cast(substr({cell}, {position}, 1) as integer)"
        for position, weight in enumerate(_CITIZEN_WEIGHTS, start=1)
    )
    birth = f"try_strptime(substr({cell}, 7, 8), '%Y%m%d')::date"
    return (
        f"(regexp_matches({cell}, '^[1-9]\\d{{16}}[\\dX]$')"
        f" and coalesce({birth} between date '1900-01-01' and {last_day}, false)"
        f" and substr('{_CITIZEN_CHECKS}', ({digits}) % 11 + 1, 1) = substr({cell}, 18, 1))"
    )


def is_valid_credit_code(cell: str) -> str:
    """GB 32100-2015: 18 characters of its alphabet, check character by powers of 3 modulo 31."""
    values = " + ".join(
        f"{pow(3, position - 1, 31)} * (strpos('{_CREDIT_ALPHABET}', substr({cell}, {position}, 1)) - 1)"
        for position in range(1, 18)
    )
    check = f"substr('{_CREDIT_ALPHABET}', (31 - ({values}) % 31) % 31 + 1, 1)"
    return f"(regexp_matches({cell}, '^[{_CREDIT_ALPHABET}]{{18}}$') and {check} = substr({cell}, 18, 1))"


def broken_rule(column: Column, cell: str, value: str, last_day: str, is_withdrawn: str) -> str:
    """The first rule of the contract that the cell breaks, or NULL. `value` is the typed cell.

    A row that withdraws a record (`is_withdrawn`) needs no more than its key.
    """
    cases = []
    if column.key_position:
        cases.append(f"when {cell} is null then 'required_missing'")
    elif column.required:
        cases.append(f"when {cell} is null and not {is_withdrawn} then 'required_missing'")
    cases.append(f"when {cell} is null then null when {is_unreadable(cell)} then 'unreadable_text'")
    if column.code_list:
        cases.append(f"when {value} is null then 'not_in_code_list'")
    if column.logical_type != "string":
        cases.append(f"when {value} is null then 'type_invalid'")
    if column.check_digit == "citizen_id":
        cases.append(f"when not {is_valid_citizen_id(cell, last_day)} then 'check_digit'")
    if column.check_digit == "credit_code":
        cases.append(f"when not {is_valid_credit_code(cell)} then 'check_digit'")
    if column.pattern:
        cases.append(f"when not regexp_matches({cell}, {quoted(column.pattern)}) then 'pattern_mismatch'")
    bounds = [f"{value} < {column.minimum}"] if column.minimum is not None else []
    bounds += [f"{value} > {column.maximum}"] if column.maximum is not None else []
    if bounds:
        cases.append(f"when {' or '.join(bounds)} then 'out_of_range'")
    if column.is_version:
        cases.append(f"when {value} >= {last_day} + interval {CLOCK_SKEW_DAYS + 1} day then 'clock_skew'")
    if column.not_after_interval:
        cases.append(f"when {value}::date > {last_day} then 'future_date'")
    return f"case {' '.join(cases)} end"


def rules_of(column: Column) -> list[str]:
    """The rules that `broken_rule` looks for in a column, in its order."""
    if column.privacy == "drop" and not column.required:
        return ["unreadable_text"]
    applies = {
        "required_missing": column.required or column.key_position is not None,
        "unreadable_text": True,
        "not_in_code_list": column.code_list is not None,
        "type_invalid": column.logical_type != "string",
        "check_digit": column.check_digit is not None,
        "pattern_mismatch": column.pattern is not None,
        "out_of_range": column.minimum is not None or column.maximum is not None,
        "clock_skew": column.is_version,
        "future_date": column.not_after_interval,
    }
    return [rule for rule, is_asked in applies.items() if is_asked]


def value_shape(cell: str) -> str:
    """What a cell looks like without what it says: digits 9, letters A, Hanzi 汉, punctuation as it is, the rest □.

    At most 40 characters. What the engine's Unicode tables do not know yet is the rest, and so says nothing either.
    """
    shape = f"regexp_replace(coalesce({cell}, ''), '\\p{{N}}', '9', 'g')"
    shape = f"regexp_replace({shape}, '[^\\P{{L}}\\p{{Han}}]', 'A', 'g')"
    shape = f"regexp_replace({shape}, '\\p{{Han}}', '汉', 'g')"
    return f"left(regexp_replace({shape}, '[^ -~汉\\p{{P}}]', '□', 'g'), 40)"


def _is_prose(column: Column) -> bool:
    return column.logical_type == "string" and not (column.code_list or column.check_digit or column.pattern)
