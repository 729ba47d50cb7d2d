"""Row rules over a whole delivery, where one row's fate hangs on another's."""

import io
import json
import tempfile
from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from stdnum.cn import ric

from worker_services import engines
from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing import checks, spool
from worker_services.landing.reading import read
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


@dataclass(frozen=True)
class Found:
    accepted: list[dict]
    reasons: list[dict]
    held: list[dict]
    links: list[dict]


def check(*changes: dict, secrets: Secrets = SECRETS, waived: tuple[str, ...] = ()) -> Found:
    rows = [VOUCHER | change for change in changes]
    raw = io.BytesIO("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    with checks.check(read(raw, FEED, CONTRACT, DAY), FEED, CONTRACT, DAY, secrets, waived) as checked:
        found = Found(
            accepted=checked.accepted_rows().read_all().to_pylist(),
            reasons=checked.reasons().read_all().to_pylist(),
            held=checked.held_rows().read_all().to_pylist(),
            links=checked.worker_key_links().to_pylist(),
        )
        assert (checked.accepted, checked.held) == (len(found.accepted), len(found.held))
    return found


def fates(*changes: dict, waived: tuple[str, ...] = ()) -> tuple[list[int], list[tuple[int, str]]]:
    found = check(*changes, waived=waived)
    return [row["_row_number"] for row in found.accepted], [(row["row_number"], row["rule"]) for row in found.reasons]


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
    (row,) = found.accepted
    assert row["worker_key"] == worker_key(CITIZEN, SECRETS.worker_key_secret)
    assert CITIZEN not in repr(row)
    assert found.links == []


def test_a_held_row_is_kept_as_it_came():
    found = check({"couponType": "无此券种"})
    (held,) = found.held
    assert json.loads(held["whole"]) == VOUCHER | {"couponType": "无此券种"}
    assert (held["row_number"], held["line_number"]) == (1, 1)
    (reason,) = found.reasons
    assert (reason["column_name"], reason["rule"], reason["value_shape"]) == (
        "voucher_type",
        "not_in_code_list",
        "汉汉汉汉",
    )


def test_a_withdrawal_needs_no_more_than_the_key():
    gone = dict.fromkeys(VOUCHER) | {"couponNo": "V0000000002", "status": "作废"}
    assert fates({}, gone) == ([1, 2], [])
    assert fates(gone | {"couponNo": None}) == ([], [(1, "required_missing")])
    assert fates(gone | {"status": "有效"})[0] == []


@pytest.mark.parametrize(
    ("stamp", "rules"),
    [
        ("2025-06-03 23:59:59", []),
        ("2025-06-04 23:59:59", []),  # a file written the night after, or a clock a little ahead
        ("2025-06-05 00:00:00", ["clock_skew"]),
        ("2038-01-01 00:00:00", ["clock_skew"]),
    ],
)
def test_a_record_from_the_future_may_not_outrank_every_later_version(stamp, rules):
    assert [rule for _, rule in fates({"updateTime": stamp})[1]] == rules


def test_what_a_steward_waives_is_let_in_and_nothing_else():
    ahead = {"issueDate": "2025-06-04"}
    assert fates(ahead, waived=("future_date",)) == ([1], [])
    assert fates(ahead | {"couponType": "?"}, waived=("future_date",)) == ([], [(1, "not_in_code_list")])
    assert fates({}, {}, waived=("duplicate_row",)) == ([1, 2], [])
    assert fates({}, OTHER, waived=("duplicate_key",)) == ([1, 2], [])


def test_under_a_new_secret_the_old_key_leads_to_the_new_one():
    rotated = Secrets(
        worker_key_secret=SecretStr("new key"),
        vault_identity=SecretStr("unused here"),
        previous_worker_key_secrets=(SecretStr("key"), SecretStr("older key")),
    )
    found = check({}, {"couponNo": "V0000000002"}, secrets=rotated)
    new = worker_key(CITIZEN, rotated.worker_key_secret)
    assert {row["worker_key"] for row in found.accepted} == {new}
    assert {(link["old_key"], link["new_key"]) for link in found.links} == {
        (worker_key(CITIZEN, old), new) for old in rotated.previous_worker_key_secrets
    }


def test_a_fault_of_the_engine_does_not_quote_a_cell(monkeypatch):
    broken = 'select cast("c_worker_id" as integer) as number, _row_number from accepted'
    monkeypatch.setattr(checks, "_accepted_sql", lambda contract: broken)
    monkeypatch.setattr(checks, "_workers", lambda contract: [])
    with pytest.raises(checks.RulesNotRun, match="ConversionException") as fault:
        check({})
    assert CITIZEN not in str(fault.value)
    assert fault.value.__suppress_context__


def test_what_spills_to_disk_is_noise(tmp_path, monkeypatch):
    """A delivery larger than the memory it may take goes to disk, and no cell of it can be read there."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(engines, "MEMORY_LIMIT", "128MB")
    needle = "NEEDLE-IN-THE-CLEAR"
    with spool.engine() as engine:
        engine.execute(
            f"create table rows as select '{needle}' || i as cell, md5(i::varchar) as noise from range(2000000) t(i)"
        )
        engine.execute("create table sorted as select * from rows order by noise")
        engine.execute("checkpoint")
        written = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in written) > 20_000_000
        assert not [path for path in written if needle.encode() in path.read_bytes()]
        plain = tmp_path / "control.csv"
        engine.execute(f"copy (select cell from rows limit 10) to '{plain}'")
        assert needle.encode() in plain.read_bytes()
    assert not list(tmp_path.glob("worker-services-spool-*"))
