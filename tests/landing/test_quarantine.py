"""Held rows and what people decide about them, through the real door."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyrage
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from tests.partners.test_check import HEADER, citizen_id, row
from worker_services.audit import ledger
from worker_services.cli import main
from worker_services.connections import Connection
from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing import batches, decisions, ingest, quarantine
from worker_services.landing.decisions import CannotDecide, correct, reject, release
from worker_services.landing.outcomes import Outcome
from worker_services.partners.delivery import Receipt
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings

PARTNER, FEED = "maternity_hospital", "health_services"
DAY = Interval.parse("2025-10-25/2025-10-26")
BY = {"actor": "王数据", "reason": "电话核对过"}
BAD_ID = "220100198001010999"
DELIVERY = [
    row(1),
    row(2, 身份证号=BAD_ID),
    row(3, 满意度="9"),
    row(4),
    row(5, 服务日期="2025-10-27"),
    row(6) + ",多出一列",
    row(7, 满意度="8", 服务日期="2025-10-28"),
]


class House:
    """A data root of its own, into which the hospital delivers what a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
        self.settings.data_root.mkdir()
        self.secrets = Secrets(
            worker_key_secret=SecretStr("key"), vault_identity=SecretStr(str(pyrage.x25519.Identity.generate()))
        )
        self.patch = monkeypatch
        monkeypatch.setattr(ingest, "_check_batch", lambda *_: [])  # the suites are tested elsewhere
        monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(self.settings.data_root))
        monkeypatch.setenv("AIRFLOW_VAR_WORKER_KEY_SECRET", "key")
        monkeypatch.setenv("AIRFLOW_VAR_VAULT_IDENTITY", self.secrets.vault_identity.get_secret_value())

    def deliver(self, rows: list[str]) -> Outcome:
        raw = "\r\n".join([HEADER, *rows, f"合计,{len(rows)}" + "," * 11, ""]).encode("gb18030")

        def fetch(connection: Connection, source: object, interval: Interval, sink: object) -> Receipt:
            sink.write(raw)
            return Receipt(source="test")

        self.patch.setattr(ingest, "fetch", fetch)
        connection = Connection(conn_id="test", conn_type="sftp")
        return ingest.ingest(self.settings, PARTNER, FEED, DAY, connection, self.secrets)

    def landed(self) -> dict[str, int]:
        """How often each record has landed in what stands."""
        standing = batches.standing(batches.of_feed(self.settings, PARTNER, FEED))
        paths = [str(batches.parquet_path(self.settings, item)) for item in standing]
        if not paths:
            return {}
        sql = "select service_id, count(*) from read_parquet($paths, hive_partitioning = false) group by all"
        return dict(duckdb.execute(sql, {"paths": paths}).fetchall())

    def states(self, batch_id: str) -> dict[int, str]:
        batch = quarantine.find(self.settings, batch_id)
        return {reason["row_number"]: reason["state"] for reason in decisions.reasons(self.settings, batch)}

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, ["quarantine", *arguments], input=typed)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


@pytest.fixture
def batch_id(house: House) -> str:
    outcome = house.deliver(DELIVERY)
    assert (outcome.outcome, house.landed()) == ("partly_quarantined", {"F1": 1, "F4": 1})
    return str(outcome.batch_id)


def test_reasons_say_where_and_what_but_no_cell(house, batch_id):
    batch = quarantine.find(house.settings, batch_id)
    reasons = quarantine.reasons(batch.path)
    assert [(each["row_number"], each["line_number"], each["column_name"], each["rule"]) for each in reasons] == [
        (2, 3, "worker_id", "check_digit"),
        (3, 4, "satisfaction_score", "out_of_range"),
        (5, 6, "service_date", "future_date"),
        (6, 7, "", "ragged_row"),
        (7, 8, "satisfaction_score", "out_of_range"),
        (7, 8, "service_date", "future_date"),
    ]
    assert reasons[0]["message_zh"] == "第 3 行「公民身份号码」：校验码错误"
    assert BAD_ID not in json.dumps(reasons, default=str)
    assert batch.sealed.read_bytes().startswith(b"age-encryption.org/v1")
    rows = {each.row_number: each for each in quarantine.rows(batch, house.secrets, {2, 6})}
    assert rows[2].whole["身份证号"] == BAD_ID
    assert rows[6].fits_no_header


def test_rows_without_a_reason_are_not_taken(house):
    held = pa.table({"row_number": [1], "place": [""], "line_number": [2], "whole": ["{}"]})
    columns = ("place", "column_name", "rule", "value_shape")
    reasons = pa.schema(
        [("row_number", pa.int64()), ("line_number", pa.int64()), *((name, pa.string()) for name in columns)]
    )
    batch = (house.settings, "b", PARTNER, load_contract(FEED), DAY)
    with pytest.raises(ValueError, match="no reasons"):
        quarantine.store(*batch, reasons.empty_table().to_reader, held.to_reader, datetime(2025, 10, 27), house.secrets)
    assert quarantine.of(house.settings) == []


def test_a_row_released_twice_lands_once(house, batch_id):
    (first,) = release(house.settings, batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets)
    assert (first.settled, first.waived) == (((3, 3),), ("out_of_range",))
    assert house.landed() == {"F1": 1, "F3": 1, "F4": 1}
    assert release(house.settings, batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets) == []
    assert house.landed() == {"F1": 1, "F3": 1, "F4": 1}
    assert house.states(batch_id) == {2: "open", 3: "released", 5: "open", 6: "open", 7: "open"}


def test_a_release_left_half_done_is_finished_with_the_same_bytes(house, batch_id, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "supplement", broken)
        with pytest.raises(OSError, match="no space"):
            release(
                house.settings, batch_id, [3, 5], **BY, waived=["out_of_range", "future_date"], secrets=house.secrets
            )
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "_result_path", lambda path: path / "nowhere")
        with pytest.raises(OSError, match=r"Z-release\.json"):
            release(house.settings, batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets)
    assert house.landed() == {"F1": 1, "F3": 1, "F4": 1, "F5": 1}  # landed, but nobody has written so
    (held,) = decisions.held(house.settings)
    assert (held.rows, held.unfinished) == (5, 1)
    (finished,) = release(house.settings, batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets)
    assert finished.settled == ((3, 3), (5, 5))
    assert house.landed() == {"F1": 1, "F3": 1, "F4": 1, "F5": 1}
    assert decisions.held(house.settings)[0].unfinished == 0


def test_a_row_still_broken_stays_open_and_says_why(house, batch_id):
    (decision,) = release(house.settings, batch_id, None, **BY, waived=["out_of_range"], secrets=house.secrets)
    assert decision.settled == ((3, 3),)
    assert decision.result.reasons == {"service_date:future_date": 2, "worker_id:check_digit": 1}
    assert house.states(batch_id) == {2: "open", 3: "released", 5: "open", 6: "open", 7: "open"}


def test_a_corrected_row_lands_with_its_new_values_which_lie_sealed(house, batch_id):
    good = citizen_id(2)
    (decision,) = correct(house.settings, batch_id, 2, {"worker_id": good}, **BY, secrets=house.secrets)
    assert (decision.columns, decision.settled) == (("worker_id",), ((2, 2),))
    assert house.landed() == {"F1": 1, "F2": 1, "F4": 1}
    assert house.states(batch_id)[2] == "corrected"
    for path in house.settings.data_root.rglob("*"):
        if path.is_file():
            assert good.encode() not in path.read_bytes(), path
            assert BAD_ID.encode() not in path.read_bytes(), path


def test_a_correction_that_is_wrong_too_leaves_the_row_open(house, batch_id):
    (decision,) = correct(house.settings, batch_id, 2, {"worker_id": "1"}, **BY, secrets=house.secrets)
    assert (decision.settled, decision.result.reasons) == ((), {"worker_id:check_digit": 1})
    correct(house.settings, batch_id, 2, {"worker_id": citizen_id(2)}, **BY, secrets=house.secrets)
    assert house.states(batch_id)[2] == "corrected"


def test_a_row_that_fits_no_header_is_given_column_by_column(house, batch_id):
    with pytest.raises(CannotDecide, match="row 6 is not readable"):
        release(house.settings, batch_id, [6], **BY, secrets=house.secrets)
    values = {
        "service_id": "F6",
        "worker_id": citizen_id(6),
        "service_date": "2025-10-25",
        "service_category": "体重管理",
        "organisation_code": "南关区",
    }
    correct(house.settings, batch_id, 6, values, **BY, secrets=house.secrets)
    assert house.landed()["F6"] == 1


def test_rejected_rows_never_land_and_the_record_says_who_and_why(house, batch_id):
    (decision,) = reject(house.settings, batch_id, [2, 3], **BY, secrets=house.secrets)
    assert (decision.actor, decision.reason) == ("王数据", "电话核对过")
    assert reject(house.settings, batch_id, [3], **BY, secrets=house.secrets) == []
    with pytest.raises(CannotDecide, match=r"row 3 of .* was rejected by 王数据 on .*: 电话核对过"):
        release(house.settings, batch_id, [3], **BY, secrets=house.secrets)
    (entry,) = [entry for entry in ledger.entries(house.settings) if entry.action == "quarantine.reject"]
    assert (entry.actor, entry.subject, entry.details["rows"]) == ("王数据", batch_id, "2-3")
    assert house.landed() == {"F1": 1, "F4": 1}


def test_a_new_delivery_supersedes_what_was_held_and_what_was_released(house, batch_id):
    release(house.settings, batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets)
    second = house.deliver([row(1), row(2), row(3, 满意度="9")])
    assert house.landed() == {"F1": 1, "F2": 1}
    assert house.states(batch_id) == {2: "superseded", 3: "released", 5: "superseded", 6: "superseded", 7: "superseded"}
    with pytest.raises(CannotDecide, match=f"delivered again as {second.batch_id}"):
        reject(house.settings, batch_id, [5], **BY, secrets=house.secrets)
    assert [held.batch_id for held in decisions.held(house.settings) if held.rows] == [second.batch_id]
    # The same row at the same place in both deliveries is another row.
    release(house.settings, second.batch_id, [3], **BY, waived=["out_of_range"], secrets=house.secrets)
    assert house.landed() == {"F1": 1, "F2": 1, "F3": 1}


def test_a_row_of_a_delivery_of_which_nothing_landed_can_be_released(house):
    outcome = house.deliver([row(1, 满意度="9")])
    assert (outcome.outcome, house.landed()) == ("rejected", {})
    release(house.settings, outcome.batch_id, [1], **BY, waived=["out_of_range"], secrets=house.secrets)
    assert house.landed() == {"F1": 1}
    house.deliver([row(1), row(2)])
    assert house.landed() == {"F1": 1, "F2": 1}


@pytest.mark.parametrize(
    ("decide", "says"),
    [
        (
            lambda house, batch: release(house.settings, "nobody", None, **BY, secrets=house.secrets),
            "no rows of a batch",
        ),
        (lambda house, batch: release(house.settings, "../" + batch, None, **BY, secrets=house.secrets), "no rows"),
        (lambda house, batch: release(house.settings, batch, [1], **BY, secrets=house.secrets), "row 1 is not held"),
        (lambda house, batch: reject(house.settings, batch, [1, 99], **BY, secrets=house.secrets), "rows 1,99 are not"),
        (
            lambda house, batch: release(
                house.settings, batch, [2], **BY, waived=["check_digit"], secrets=house.secrets
            ),
            "check_digit cannot be waived",
        ),
        (
            lambda house, batch: correct(house.settings, batch, 2, {"shoes": "1"}, **BY, secrets=house.secrets),
            "'shoes' is not a column of health_services",
        ),
        (
            lambda house, batch: correct(house.settings, batch, 2, {"updated_at": "1"}, **BY, secrets=house.secrets),
            "does not come from maternity_hospital",
        ),
        (
            lambda house, batch: reject(house.settings, batch, [2], actor="x", reason=" ", secrets=house.secrets),
            "say who decides and why",
        ),
        (
            lambda house, batch: reject(
                house.settings, batch, [2], actor="x", reason=f"本人{BAD_ID}要求", secrets=house.secrets
            ),
            "looks like an ID or phone number",
        ),
    ],
)
def test_what_cannot_be_decided_is_said_and_leaves_no_trace(house, batch_id, decide, says):
    before = ledger.head(house.settings)
    with pytest.raises(CannotDecide, match=says):
        decide(house, batch_id)
    assert ledger.head(house.settings) == before
    assert not (house.settings.quarantine / "decisions").exists()


def test_list_counts_open_rows_and_their_age(house, batch_id):
    later = datetime.now(UTC) + timedelta(days=3, hours=1)
    (held,) = decisions.held(house.settings, now=later)
    assert (held.rows, held.age_days) == (5, 3)
    assert held.reasons["satisfaction_score:out_of_range"] == 2
    assert json.loads(house.run("list", "--json").output)[0]["rows"] == 5
    assert json.loads(house.run("list", "--feed", "vouchers", "--json").output) == []
    reject(house.settings, batch_id, None, **BY, secrets=house.secrets)
    assert json.loads(house.run("list", "--json").output) == []
    assert json.loads(house.run("list", "--all", "--json").output)[0]["states"] == {"rejected": 5}


def test_show_explains_and_reveal_is_noted_before_it_shows(house, batch_id):
    before = ledger.head(house.settings)
    shown = house.run("show", batch_id)
    assert "校验码错误" in shown.output
    assert BAD_ID not in shown.output
    assert house.run("show", batch_id, "--reveal").exit_code == 2
    assert ledger.head(house.settings) == before
    revealed = house.run("show", batch_id, "--row", "2", "--reveal", "--reason", "联系医院", "--by", "李数据")
    assert BAD_ID in revealed.output
    entry = ledger.head(house.settings)
    assert entry.seq == before.seq + 1
    assert (entry.actor, entry.action, entry.details) == (
        "李数据",
        "quarantine.reveal",
        {"row": 2, "reason": "联系医院"},
    )
    assert house.run("show", batch_id, "--row", "1").exit_code == 1
    assert house.run("show", "nobody").exit_code == 1
    quarantine.find(house.settings, batch_id).sealed.unlink()
    gone = house.run("show", batch_id, "--row", "2", "--reveal", "--reason", "x")
    assert "past their retention" in gone.output


def test_commands_decide_and_take_personal_values_from_the_prompt_only(house, batch_id):
    refused = house.run("release", batch_id, "--rows", "2-3", "--reason", "核对", "--waive", "out_of_range", "--json")
    (decision,) = json.loads(refused.output)
    assert (decision["settled"], decision["refused"], refused.exit_code) == ("3", {"worker_id:check_digit": 1}, 1)
    again = house.run("release", batch_id, "--rows", "3", "--reason", "核对")
    assert (again.exit_code, "decided already" in again.output) == (0, True)
    on_the_line = house.run("correct", batch_id, "--row", "2", "--set", f"worker_id={citizen_id(2)}", "--reason", "x")
    assert (on_the_line.exit_code, citizen_id(2) in on_the_line.output) == (2, False)
    corrected = house.run(
        "correct", batch_id, "--row", "2", "--set", "worker_id", "--reason", "核对", typed=citizen_id(2) + "\n"
    )
    assert (corrected.exit_code, citizen_id(2) in corrected.output) == (0, False)
    assert house.landed() == {"F1": 1, "F2": 1, "F3": 1, "F4": 1}
    assert house.run("reject", batch_id, "--rows", "5", "--reason", "重复").exit_code == 0
    assert house.run("reject", batch_id, "--rows", "5-3", "--reason", "重复").exit_code == 2
    assert house.run("reject", batch_id, "--rows", "1", "--reason", "重复").exit_code == 1
    assert house.states(batch_id) == {2: "corrected", 3: "released", 5: "rejected", 6: "open", 7: "open"}


@pytest.mark.parametrize("text", ["", "a", "3-", "3,,4", "9-7", "-1"])
def test_rows_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="names no rows"):
        decisions.parse_rows(text)


def test_rows_are_read_as_people_write_them():
    assert decisions.parse_rows("3, 7-9,8") == [3, 7, 8, 9]
    assert decisions.parse_rows("all") is None
    assert decisions.rows_text(decisions.ranges([9, 3, 7, 8])) == "3,7-9"
