"""What lets an issue out, what waits for a person, what is held."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from rpt_marts import BUILD_ID

from worker_services.audit import ledger
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.verify import Verified
from worker_services.cli import main
from worker_services.files import write_json
from worker_services.intervals import Week
from worker_services.mailing import gate
from worker_services.mailing.approvals import NotDecidable, decide, standing
from worker_services.mailing.gate import judge
from worker_services.mailing.sending import NotReleased, send
from worker_services.secrets import LedgerKeys

WEEK = Week.parse("2025-W43")
HELD = "update marts.rpt_quality_feed_weekly set rows_held_orphan = 200 where feed = 'job_applications'"


@pytest.fixture
def verified(monkeypatch):
    """The issue is taken as verified, whatever the marts are bent into."""
    found = Verified("city.pdf", BUILD_ID, pages=9, figures=9, distinct_figures=9, constants=9)
    monkeypatch.setattr(gate, "verify", lambda *_: found)


def run(house, monkeypatch, *arguments):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.reports_root))
    for name in ("SMTP_DEFAULT", "AIRFLOW_API"):
        monkeypatch.delenv(f"AIRFLOW_CONN_{name}", raising=False)
    return CliRunner().invoke(main, ["briefing", *arguments])


def test_an_issue_with_nothing_to_look_at_is_green(house):
    verdict = judge(house, WEEK, "city")
    assert (verdict.colour, verdict.reasons, verdict.build_id) == ("green", [], BUILD_ID)
    assert judge(house, WEEK, "city") == verdict


@pytest.mark.parametrize(
    ("statement", "colour", "code", "says", "figure"),
    [
        (
            "update marts.rpt_partner_freshness set complete_through = '2025-10-24' where feed = 'mediation_cases'",
            "amber",
            "late_feed",
            "劳动争议调解中心“案件登记”的数据只到2025年10月24日，比本期统计截止日期2025年10月26日缺2天。",
            "受理劳动争议调解案件",
        ),
        (
            "update marts.rpt_partner_freshness set complete_through = '2025-10-12' where feed = 'mediation_cases'",
            "red",
            "late_feed",
            "缺14天",
            "调解成功率",
        ),
        (
            "update marts.rpt_partner_freshness set complete_through = null where feed = 'vouchers'",
            "red",
            "late_feed",
            "长春工会小程序“健康服务券”至今没有数据。",
            "发放健康服务券",
        ),
        (HELD, "amber", "held_rows", "本周收到655行，其中200行被隔离或暂缓，未计入。", "求职申请"),
        (
            """insert into marts.rpt_restated_figures select '2025-W42', 'city', 'vouchers_issued', 'city', '220100',
            '2025-W42', unnest(['value', 'cumulative_value']), '1,100', 1100, 1150, 50, false, 'earlier'""",
            "amber",
            "restated_figure",
            "2025-W42一期所印“发放健康服务券”本周为1,100，按现有数据为1,150张，同类数字另有1处。",
            "发放健康服务券",
        ),
        (
            "update marts.rpt_metric_weekly set value = 9000 where metric_id = 'vouchers_issued' "
            "and scope_type = 'city' and week_id = '2025-W43'",
            "amber",
            "jump",
            "“发放健康服务券”本周为9,000张，而此前8周在",
            "发放健康服务券",
        ),
        (
            "update marts.rpt_metric_weekly set value = 0.4 where metric_id = 'mediation_success_rate' "
            "and scope_type = 'city' and week_id = '2025-W43'",
            "amber",
            "jump",
            "“调解成功率”本周为40.0%，而此前8周在",
            "调解成功率",
        ),
        (
            "insert into landing.corrections values ('health-2025-001', 'health_services', false)",
            "amber",
            "expired_correction",
            "更正登记“health-2025-001”",
            "健康服务人次",
        ),
    ],
)
def test_each_rule_gives_its_reason_and_the_figures_it_touches(
    house, bend, verified, statement, colour, code, says, figure
):
    bend(statement)
    verdict = judge(house, WEEK, "city")
    assert verdict.colour == colour, verdict.sentences
    (reason,) = [one for one in verdict.reasons if one.code == code]
    assert says in reason.sentence
    assert any(figure in name for name in reason.figures), reason.figures
    assert reason.sentence in verdict.question and verdict.fingerprint in verdict.question


@pytest.mark.parametrize(
    "statement",
    [
        "update marts.rpt_partner_freshness set complete_through = '2025-10-29' where feed = 'mediation_cases'",
        "update marts.rpt_quality_feed_weekly set rows_held_orphan = 19, rows_quarantined = 0 where feed = 'job_fairs'",
        "update marts.rpt_quality_feed_weekly set rows_held_orphan = 30, rows_quarantined = 0 where feed = 'vouchers'",
        """insert into marts.rpt_restated_figures values ('2025-W42', 'city', 'vouchers_issued', 'city', '220100',
        '2025-W42', 'value', '1,100', 1100, 1101, 1, false, 'earlier')""",
        """insert into marts.rpt_restated_figures values ('2025-W43', 'city', 'vouchers_issued', 'city', '220100',
        '2025-W43', 'value', '1,100', 1100, 1200, 100, false, 'earlier')""",
        "insert into landing.corrections values ('health-2025-001', 'health_services', true)",
        "update marts.rpt_metric_weekly set value = 20 where metric_id = 'job_fairs' and week_id = '2025-W43'",
    ],
)
def test_what_stays_within_the_bounds_is_no_reason(house, bend, verified, statement):
    bend(statement)
    assert judge(house, WEEK, "city").reasons == []


@pytest.mark.parametrize("what", ["not audited", "failed", "no record", "not published", "withdrawn"])
def test_a_build_that_readers_must_not_see_is_held(house, what):
    record = house.builds / f"{BUILD_ID}.json"
    pointer = house.warehouse / "current.json"
    if what == "no record":
        record.unlink()
    elif what in ("not audited", "failed"):
        audited = {"audit": {"passed": False}} if what == "failed" else {}
        write_json(record, {"build_id": BUILD_ID, "batches": []} | audited)
    else:
        fields = json.loads(pointer.read_text()) | {"build_id": "another"}
        write_json(pointer, fields | ({"withdrawn": [BUILD_ID]} if what == "withdrawn" else {}))
    verdict = judge(house, WEEK, "city")
    assert verdict.colour == "red"
    is_of_audit = what in ("not audited", "failed", "no record")
    assert [one.code for one in verdict.reasons] == ["build_not_audited" if is_of_audit else "build_not_published"]
    assert ("已被撤回" in verdict.reasons[0].sentence) == (what == "withdrawn")
    with pytest.raises(NotReleased, match="is red, nothing was sent"):
        send(house, WEEK, "city")
    with pytest.raises(NotDecidable, match="nobody can let it go out"):
        decide(house, verdict, "approved", "li", "快发", "command")


def test_a_figure_that_does_not_hold_is_red_and_so_is_an_issue_that_is_not_there(house):
    files = BriefingFiles.at(house, WEEK, "city")
    files.figures_json.write_text(files.figures_json.read_text(encoding="utf-8").replace("35,000", "36,000"))
    verdict = judge(house, WEEK, "city")
    assert (verdict.colour, [one.code for one in verdict.reasons]) == ("red", ["figure_mismatch"])
    files.pdf.unlink()
    assert [one.code for one in judge(house, WEEK, "city").reasons] == ["not_readable"]


def test_amber_goes_out_only_by_an_approval_of_exactly_this(house, bend):
    bend("insert into landing.corrections values ('health-2025-001', 'health_services', false)")
    verdict = judge(house, WEEK, "city")
    with pytest.raises(NotReleased, match="a person decides: worker-services briefing approve 2025-W43 --edition city"):
        send(house, WEEK, "city")
    decide(house, verdict, "lapsed", "data-team", "", "airflow")
    with pytest.raises(NotReleased, match="lapsed by data-team"):
        send(house, WEEK, "city")
    approved = decide(house, verdict, "approved", "li", "已核实", "command")
    assert decide(house, verdict, "approved", "wang", "again", "airflow") == approved
    bend("insert into landing.corrections values ('health-2025-002', 'health_services', false)")
    with pytest.raises(NotReleased):
        send(house, WEEK, "city")
    bend("delete from landing.corrections where id = 'health-2025-002'")
    assert [one.outcome for one in send(house, WEEK, "city")] == ["sent"]
    actions = [entry.action for entry in ledger.entries(house)]
    assert actions == ["briefing.render", "briefing.lapse", "briefing.approve", "briefing.print", "briefing.send"]
    (entry,) = [entry for entry in ledger.entries(house) if entry.action == "briefing.approve"]
    assert (entry.actor, entry.subject) == ("li", "2025-W43/city")
    assert entry.details == {
        "build_id": BUILD_ID,
        "fingerprint": verdict.fingerprint,
        "reason": "已核实",
        "reasons": ["expired_correction"],
        "via": "command",
    }


def test_an_approval_that_was_written_without_the_key_lets_nothing_out(house, bend):
    bend("insert into landing.corrections values ('health-2025-001', 'health_services', false)")
    verdict = judge(house, WEEK, "city")
    forger = replace(house, ledger_keys=LedgerKeys(signing_key=SecretStr("ab" * 32)))
    own = ledger.public_keys(house)[0]
    with sqlite3.connect(ledger.path(house)) as writing:
        last = ledger.head(house)
        details = {"fingerprint": verdict.fingerprint, "reason": "已核实", "via": "airflow"}
        fields = {
            "seq": last.seq + 1,
            "time": last.time,
            "actor": "li",
            "action": "briefing.approve",
            "subject": verdict.subject,
            "details": details,
            "previous_hash": last.hash,
            "public_key": own,
        }
        digest = ledger.entry_hash(fields)
        signature, _ = ledger.sign(forger, digest)
        row = fields | {"details": ledger.canonical(details), "hash": digest, "signature": signature}
        writing.execute(f"insert into ledger_entries values ({', '.join('?' * len(row))})", tuple(row.values()))
    with pytest.raises(NotReleased, match=f"the approval in entry {last.seq + 1} of the ledger was not made with"):
        send(house, WEEK, "city")
    decide(house, judge(house, WEEK, "city"), "approved", "wang", "已核实", "command")
    assert send(house, WEEK, "city")


def test_what_was_approved_can_still_be_declined(house, bend):
    bend("insert into landing.corrections values ('health-2025-001', 'health_services', false)")
    verdict = judge(house, WEEK, "city")
    decide(house, verdict, "approved", "li", "已核实", "command")
    decide(house, verdict, "declined", "wang", "数字有误", "command")
    assert standing(house, verdict).answer == "declined"
    with pytest.raises(NotReleased, match="declined by wang"):
        send(house, WEEK, "city")


def test_green_needs_nobody(house):
    with pytest.raises(NotDecidable, match="is green"):
        decide(house, judge(house, WEEK, "city"), "approved", "li", "", "command")
    assert [entry.action for entry in ledger.entries(house)] == ["briefing.render"]


def test_the_commands_show_the_reasons_and_take_the_answer(house, bend, monkeypatch):
    assert run(house, monkeypatch, "gate", "2025-W43").exit_code == 0
    bend("insert into landing.corrections values ('health-2025-001', 'health_services', false)")
    shown = run(house, monkeypatch, "gate", "2025-W43")
    assert shown.exit_code == 1
    assert "2025-W43/city: amber 待人工审核" in shown.output
    assert "- amber expired_correction: 更正登记“health-2025-001”" in shown.output
    as_json = json.loads(run(house, monkeypatch, "gate", "2025-W43", "--json").output)
    assert (as_json["colour"], as_json["decision"]) == ("amber", None)
    answered = run(house, monkeypatch, "approve", "2025-W43", "--reason", "已核实", "--by", "li", "--json")
    assert answered.exit_code == 0, answered.output
    (row,) = json.loads(answered.output)
    assert (row["edition"], row["answer"], row["by"], row["via"]) == ("city", "approved", "li", "command")
    assert run(house, monkeypatch, "gate", "2025-W43").exit_code == 0
    declined = run(house, monkeypatch, "decline", "2025-W43", "--reason", "暂缓", "--by", "wang")
    assert declined.exit_code == 0, declined.output
    (alert,) = (house.reports_root / "outbox").glob("alert_2025-W43_declined-*.eml")
    assert alert.exists()
    assert run(house, monkeypatch, "approve", "2025-W43").exit_code == 2, "a reason is asked for"


def test_the_bounds_are_read_from_the_configuration(house, bend, verified, tmp_path):
    own = tmp_path / "project"
    (own / "config").mkdir(parents=True)
    for path in (house.project_root / "config").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        (own / "config" / path.name).write_text(text.replace("share: 0.05 ", "share: 0.5 "), encoding="utf-8")
    bend(HELD)
    assert judge(house, WEEK, "city").colour == "amber"
    looser = type(house)(own, house.data_root, house.reports_root)
    assert judge(looser, WEEK, "city").colour == "green"
    assert Path(own / "config" / "sending.yaml").read_text(encoding="utf-8").count("share: 0.5 ") == 1
