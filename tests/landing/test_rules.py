from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from stdnum.cn import ric, uscc

from worker_services.contracts import contract_feeds, load_contract
from worker_services.landing import rules
from worker_services.privacy import pseudonyms
from worker_services.seeds import read_seed

ENGINE = duckdb.connect()
ENGINE.execute("set timezone = 'Asia/Shanghai'")
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
NUMBER = load_contract("outreach_events").column("attendees")
CITIZEN = load_contract("vouchers").column("worker_id")


def value(expression, cell, **parameters):
    return ENGINE.execute(
        f"select {expression} from (select $cell::varchar as c)", {"cell": cell, **parameters}
    ).fetchone()[0]


def values(expression, cells):
    """What an expression makes of each cell, in one query."""
    rows = ENGINE.execute(f"select {expression} from (select unnest($cells::varchar[]) as c)", {"cells": cells})
    return dict(zip(cells, [made for (made,) in rows.fetchall()], strict=True))


@given(DAYS)
def test_a_date_is_the_same_in_every_form(day):
    serial = (day - date(1899, 12, 30)).days
    forms = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02d}.{day.day:02d}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{serial}",
        f"{serial}.0",
        f"{day.isoformat()} 00:00:00",
        f"{day.isoformat()}T00:00",
    ]
    assert values(rules.date_sql("c"), forms) == dict.fromkeys(forms, day)


@pytest.mark.parametrize(
    "cell",
    [
        "2025-02-30",
        "2025/13/1",
        "20250631",
        "2025年6月",
        "25-6-3",
        "6/3/2025",
        "今天",
        "2025-06-03 12:30",
        "99999",
        "1",
    ],
)
def test_what_is_no_date_is_none(cell):
    assert value(rules.date_sql("c"), cell) is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_a_moment_is_the_same_in_every_form(moment):
    utc = moment - timedelta(hours=8)
    since_1970 = int((utc - datetime(1970, 1, 1)).total_seconds() * 1000)
    forms = [
        f"{moment:%Y-%m-%d %H:%M:%S}",
        f"{moment:%Y/%m/%d %H:%M:%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}+08:00",
        f"{utc:%Y-%m-%dT%H:%M:%S}Z",
    ]
    if 10**12 <= since_1970 < 2 * 10**12:
        forms.append(str(since_1970))
    if moment.year >= 1992:  # China had summer time until 1991
        assert values(rules.timestamp_sql("c"), forms) == dict.fromkeys(forms, moment)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("50", 50),
        ("1,234", 1234),
        ("12,345,678", 12345678),
        ("50.0", 50),
        ("-3", -3),
        ("50人", None),
        ("1.5", None),
        ("1,23", None),
        ("约50", None),
        ("1e3", None),
        ("0x10", None),
        ("--1", None),
        ("9" * 16, None),
    ],
)
def test_whole_numbers(cell, expected):
    assert value(rules.typed(NUMBER, "c"), cell) == expected


@given(st.integers(10**16, 10**17 - 1), st.sampled_from("0123456789X"))
@settings(max_examples=300)
def test_citizen_id_check_agrees_with_stdnum(digits, check):
    number = f"{digits}{check}"
    ours = value(rules.is_valid_citizen_id("c", "date '2025-12-31'"), number)
    try:
        born = ric.get_birth_date(number)
        agreed = ric.calc_check_digit(number) == check and date(1900, 1, 1) <= born <= date(2025, 12, 31)
    except ric.ValidationError:
        agreed = False
    assert ours == agreed


@given(st.dates(date(1930, 1, 1), date(2008, 1, 1)), st.integers(0, 999))
def test_a_good_citizen_id_passes_and_any_one_changed_digit_fails(born, order):
    base = f"220102{born:%Y%m%d}{order:03d}"
    number = base + ric.calc_check_digit(base + "0")
    others = [next(digit for digit in "0123456789" if digit != given) for given in number]
    changed = [number[:position] + digit + number[position + 1 :] for position, digit in enumerate(others)]
    found = values(rules.is_valid_citizen_id("c", "date '2025-12-31'"), [number, *changed])
    assert found == {number: True} | dict.fromkeys(changed, False)


@given(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17),
    st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"),
)
@settings(max_examples=300)
def test_credit_code_check_agrees_with_stdnum(base, check):
    good = base + uscc.calc_check_digit(base)
    assert values(rules.is_valid_credit_code("c"), [good, base + check]) == {
        base + check: base + check == good,
        good: True,
    }


@pytest.mark.parametrize(
    "cell", ["", "1", "2201021990030712", "22010219900307123a", "I" * 18, "９１２２０１０１ＭＡ０Ｙ３ＫＸ１２３"]
)
def test_numbers_of_the_wrong_form_fail_without_an_error(cell):
    assert value(rules.is_valid_citizen_id("c", "date '2025-12-31'"), cell) is False
    assert value(rules.is_valid_credit_code("c"), cell) is False


def test_full_width_and_stray_spaces_are_cleaned():
    assert value(rules.clean(CITIZEN, "c"), " ２２０１０２ 19900307123x\u3000") == "22010219900307123X"
    assert value(rules.clean(NUMBER, "c"), "\u3000５０ ") == "50"
    assert value(rules.clean(NUMBER, "c"), " \u3000 ") is None
    prose = load_contract("job_postings").column("employer_name")
    assert value(rules.clean(prose, "c"), "\u3000长春 Ａ 公司（集团） ") == "长春 Ａ 公司（集团）"


@pytest.mark.parametrize("cell", ["长春\ufffd公司", "锟斤拷", "烫烫烫", "Ã©Ã¨", "é•¿æ˜¥", "\ue7c7", "a\x00b", "\x85"])
def test_unreadable_text_is_seen(cell):
    assert value(rules.is_unreadable("c"), cell) is True


@pytest.mark.parametrize(
    "cell", ["长春爱尔眼科医院", "𠮷田", "㛃", "Café", "“Café”", "ASM（长春）有限公司", "ⅢA级", "龴"]
)
def test_rare_but_sound_text_is_let_pass(cell):
    assert value(rules.is_unreadable("c"), cell) is False


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        ("2025-02-30", "9999-99-99"),
        ("50人", "99汉"),
        ("张三 (13900000000)", "汉汉 (99999999999)"),
        ("长春Ａ公司（集团）", "汉汉A汉汉（汉汉）"),
        ("é•¿æ˜¥", "A•¿A□□"),
        ("𮯰\ue000", "□□"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_shape_shows_the_form(cell, shape):
    assert value(rules.value_shape("c"), cell) == shape


@given(st.text(max_size=60))
def test_a_shape_never_repeats_a_letter_or_digit_of_the_cell(cell):
    shape = value(rules.value_shape("c"), cell.replace("\x00", ""))
    assert len(shape) <= 40
    assert not [ch for ch in shape if ch.isalpha() and ch not in "A汉"]
    assert not [ch for ch in shape if ch.isdigit() and ch != "9"]


def test_every_rule_has_words_for_the_partner():
    seen = set()
    for feed in contract_feeds():
        for column in load_contract(feed).columns:
            expression = rules.broken_rule(column, "c", "v", "date '2025-01-01'", "false")
            seen |= {part.split("'")[0] for part in expression.split(" then '")[1:]}
    assert (
        {"required_missing", "check_digit", "future_date", "clock_skew"}
        <= seen
        <= {rule["rule"] for rule in read_seed("rules/rules")}
    )


@given(st.text(min_size=1, max_size=100), st.text("0123456789X", min_size=1, max_size=18))
def test_the_engine_makes_the_same_worker_key_as_the_standard_library(secret, citizen_id):
    inner, outer = pseudonyms.hmac_pads(SecretStr(secret))
    key = value(pseudonyms.worker_key_sql("c"), citizen_id, inner_pad=inner, outer_pad=outer)
    assert key == pseudonyms.worker_key(citizen_id, SecretStr(secret))


def test_age_band_turns_on_the_birthday():
    on_day = "date '2025-06-03'"
    assert value(pseudonyms.age_band_sql("c", on_day), "220102199006031234") == "35-44"
    assert value(pseudonyms.age_band_sql("c", on_day), "220102199006041234") == "25-34"
    assert value(pseudonyms.sex_sql("c"), "220102199006041234") == "male"
    assert value(pseudonyms.sex_sql("c"), "220102199006041244") == "female"
