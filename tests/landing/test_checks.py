"""Row rules over a whole delivery, where one row's fate hangs on another's."""

import json

import pytest
from pydantic import SecretStr
from stdnum.cn import ric

from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing import checks
from worker_services.landing.reading import read
from worker_services.partners.delivery import Delivery
from worker_services.partners.registry import load_partners
from worker_services.privacy.pseudonyms import worker_key
from worker_services.secrets import Secrets

FEED = load_partners()["mini_program"].feeds["vouchers"]
CONTRACT = load_contract("vouchers")
DAY = Interval.parse("2025-06-03/2025-06-04")
SECRETS = Secrets(worker_key_secret=SecretStr("key"), vault_identity=SecretStr("unused here"))
BORN = "22010219900307123"
CITIZEN = BORN + ric.calc_check_digit(BORN + "0")
VOUCHER = {
    "couponNo": "V0000000001",
    "userIdNo": CITIZEN,
    "unionId": "U220102",
    "couponType": "免费券",
    "hospital": "FCYY",
    "issueDate": "2025-06-03",
    "expireDate": "2025-12-31",
    "useDate": None,
    "status": "有效",
    "updateTime": "2025-06-03 10:00:00",
}


def check(*changes: dict):
    rows = [VOUCHER | change for change in changes]
    raw = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return checks.check(read(Delivery(raw, "test"), FEED, CONTRACT), FEED, CONTRACT, DAY, SECRETS)


def fates(*changes: dict) -> tuple[list[int], list[tuple[int, str]]]:
    found = check(*changes)
    held = [(row["row_number"], row["rule"]) for row in found.reasons.to_pylist()]
    return found.accepted.column("_row_number").to_pylist(), held


OTHER = {"couponType": "优惠券"}
LATER = {"updateTime": "2025-06-03 11:00:00"}


@pytest.mark.parametrize(
    ("rows", "accepted", "held"),
    [
        (({}, {}), [1], [(2, "duplicate_row")]),
        (({}, {}, {}), [1], [(2, "duplicate_row"), (3, "duplicate_row")]),
        (({}, OTHER), [], [(1, "duplicate_key"), (2, "duplicate_key")]),
        (({}, OTHER | LATER), [1, 2], []),
        (
            ({}, OTHER, OTHER | LATER),
            [3],
            [(1, "duplicate_key"), (2, "duplicate_key")],
        ),
        (({}, {"couponType": "无此券种"}), [1], [(2, "not_in_code_list")]),
        (({}, {}, OTHER), [], [(1, "duplicate_key"), (2, "duplicate_key"), (3, "duplicate_key")]),
    ],
)
def test_copies_and_contradictions(rows, accepted, held):
    assert fates(*rows) == (accepted, held)


def test_a_row_may_break_several_rules_and_each_is_told():
    _, held = fates({"userIdNo": "1", "issueDate": "2025-06-31", "couponType": ""})
    assert held == [(1, "type_invalid"), (1, "required_missing"), (1, "check_digit")]


def test_dates_out_of_order_are_held():
    assert fates({"expireDate": "2025-06-02"}) == ([], [(1, "field_order")])
    assert fates({"useDate": "2025-06-02"}) == ([], [(1, "field_order")])
    assert fates({"expireDate": "2025-06-03", "useDate": "2025-06-03"}) == ([1], [])


def test_a_day_after_the_interval_is_in_the_future_unless_the_contract_lets_it():
    assert fates({"issueDate": "2025-06-04"}) == ([], [(1, "future_date")])


def test_the_person_leaves_as_a_pseudonym():
    found = check({"userIdNo": f"  {CITIZEN.lower()} "})
    (row,) = found.accepted.to_pylist()
    assert row["worker_key"] == worker_key(CITIZEN, SECRETS.worker_key_secret)
    assert CITIZEN not in json.dumps(row, default=str)


def test_a_fault_of_the_engine_does_not_quote_a_cell(monkeypatch):
    monkeypatch.setattr(checks, "_accepted_sql", lambda contract: 'select cast("c_worker_id" as integer) from judged')
    monkeypatch.setattr(checks, "_has_worker", lambda contract: False)
    with pytest.raises(checks.RulesNotRun, match="ConversionException") as fault:
        check({})
    assert CITIZEN not in str(fault.value)
    assert fault.value.__suppress_context__
