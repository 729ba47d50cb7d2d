import json
import shutil
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner

from worker_services.briefing.cli import briefing as cli
from worker_services.briefing.errors import BriefingError, FigureMismatch
from worker_services.briefing.render import BriefingFiles
from worker_services.intervals import Week, utc_now
from worker_services.mailing import outbox
from worker_services.mailing.outbox import outbox_path, send
from worker_services.settings import Settings
from worker_services.warehouse import printed

WEEK = Week.parse("2025-W43")
TO = "promotion-meeting@changchun-union.example"


def read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_mail_carries_summary_text_and_pdf(house):
    (sent,) = send(house, WEEK, "city")
    message = read(sent.path)
    assert message["Subject"] == "【演示】工会服务职工实事项目推进会工作简报第22期（2025年第43周）"
    assert message["From"] == "长春市总工会办公室 <briefing@changchun-union.example>"
    assert message["To"] == TO
    assert message["Date"] == "Mon, 27 Oct 2025 08:00:00 +0800"
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    for body in (html, text):
        assert "列入年度目标的8项指标中" in body
        assert "35,000张" in body
        assert "严重滞后" in body
    assert "prefers-color-scheme: dark" in html
    assert "<table" in html and 'style="' in html
    assert "http" not in html.replace("http-equiv", "")
    (pdf,) = message.iter_attachments()
    assert pdf.get_filename() == "工会服务职工实事项目推进会工作简报第22期.pdf"
    assert pdf.get_content() == BriefingFiles.at(house, WEEK, "city").pdf.read_bytes()


def test_figures_in_the_mail_are_those_of_the_pdf(house):
    (sent,) = send(house, WEEK, "city")
    record = json.loads(BriefingFiles.at(house, WEEK, "city").figures_json.read_text(encoding="utf-8"))
    text = read(sent.path).get_body(("plain",)).get_content()
    printed = {figure["id"]: figure["printed"] for figure in record["figures"]}
    for metric, unit in (("training_person_times", "人次"), ("mediation_cases_accepted", "件")):
        line = next(
            line for line in text.splitlines() if printed[f"{metric}/city/220100/2025-W43/target"] + unit in line
        )
        for column in ("value", "cumulative_value", "completion_rate", "expected_share"):
            assert printed[f"{metric}/city/220100/2025-W43/{column}"] in line


def test_same_inputs_same_bytes_and_nothing_goes_twice(house, rendered, tmp_path):
    (first,) = send(house, WEEK, "city")
    content, changed = first.path.read_bytes(), first.path.stat().st_mtime_ns
    (again,) = send(house, WEEK, "city")
    assert (first.outcome, again.outcome) == ("sent", "already_sent")
    assert again.message == "already sent, with the same content; nothing was sent"
    assert first.path.stat().st_mtime_ns == changed
    first.path.unlink()
    (anew,) = send(house, WEEK, "city")
    assert anew.path.read_bytes() == content
    assert [path.name for path in first.path.parent.iterdir()] == [first.path.name]


def test_a_mail_that_went_out_stands_when_the_issue_changes(house):
    (first,) = send(house, WEEK, "city")
    first.path.write_bytes(b"what was sent")
    (again,) = send(house, WEEK, "city")
    assert "other content than the issue has now; that mail stands" in again.message
    assert first.path.read_bytes() == b"what was sent"


def test_what_is_printed_is_on_record_before_the_first_mail_leaves(house, tmp_path, monkeypatch):
    shutil.copytree(house.data_root, tmp_path / "data")
    house = Settings(house.project_root, tmp_path / "data", house.reports_root)
    with monkeypatch.context() as broken, pytest.raises(OSError, match="no mail today"):
        broken.setattr(outbox, "send_once", lambda *_: (_ for _ in ()).throw(OSError("no mail today")))
        send(house, WEEK, "city")
    (issue,) = printed.known_by(house, utc_now())
    kept = json.loads(issue.path.read_text(encoding="utf-8"))
    figures = json.loads(BriefingFiles.at(house, WEEK, "city").figures_json.read_text(encoding="utf-8"))["figures"]
    assert [(row["id"], row["printed"]) for row in kept["figures"]] == [(row["id"], row["printed"]) for row in figures]
    assert {row["metric_id"] for row in kept["figures"] if row["is_metric"]} >= {"vouchers_issued"}
    assert {row["metric_id"] for row in kept["figures"] if not row["is_metric"]} >= {"quality", "service_category"}
    send(house, WEEK, "city")
    shutil.rmtree(issue.path.parent)
    send(house, WEEK, "city")  # nothing leaves, so nothing is printed
    assert printed.known_by(house, utc_now()) == []


def test_addresses_that_read_alike_have_outboxes_of_their_own(house):
    paths = {outbox_path(house, WEEK, "city", to) for to in ("a.b@x.example", "a-b@x.example", "a_b@x.example")}
    assert len(paths) == 3
    assert all("/" not in path.name and "@" not in path.name for path in paths)


def test_an_issue_whose_figures_do_not_hold_is_not_mailed(house):
    files = BriefingFiles.at(house, WEEK, "city")
    files.figures_json.write_text(files.figures_json.read_text(encoding="utf-8").replace("35,000", "36,000"))
    with pytest.raises(FigureMismatch):
        send(house, WEEK, "city")
    assert not (house.reports_root / "outbox").exists()
    with pytest.raises(BriefingError, match="briefing render 2025-W42"):
        send(house, WEEK.previous(), "city")


def test_the_command_reports_each_recipient(house, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.reports_root))
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    arguments = ["send", "2025-W43", "--to", "one@a.example", "--to", "two@a.example", "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert [(one["recipient"], one["outcome"], one["transport"]) for one in json.loads(result.output)] == [
        ("one@a.example", "sent", "file"),
        ("two@a.example", "sent", "file"),
    ]
