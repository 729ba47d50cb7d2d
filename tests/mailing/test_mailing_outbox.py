import io
import json
import shutil
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from worker_services.audit import ledger
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.files import BriefingFiles
from worker_services.cli import main
from worker_services.intervals import Week, utc_now
from worker_services.mailing import sending
from worker_services.mailing.outbox import outbox_path, read_record
from worker_services.mailing.sending import NotReleased, send, status
from worker_services.warehouse import printed

WEEK = Week.parse("2025-W43")
TO = "promotion-meeting@changchun-union.example"


def left(house):
    """What lies in the outbox, without its lock."""
    return {path.name for path in (house.reports_root / "outbox").iterdir()} - {".lock"}


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
    page = message.get_body(("related", "html"))
    html, chart = page.get_body(("html",)).get_content(), list(page.iter_attachments())
    text = message.get_body(("plain",)).get_content()
    for body in (html, text):
        assert "列入年度目标的8项指标中" in body
        assert "35,000张" in body
        assert "严重滞后" in body
    assert "prefers-color-scheme: dark" in html
    assert "<table" in html and 'style="' in html
    assert "http" not in html, "nothing is loaded from elsewhere, and there is no link unless reports are served"
    assert [(part["Content-ID"], part.get_content_type()) for part in chart] == [("<progress>", "image/png")]
    assert 'src="cid:progress"' in html
    image = Image.open(io.BytesIO(chart[0].get_content()))
    assert image.width == 2 * 552 and len(chart[0].get_content()) < 100_000
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
    assert left(house) == {first.path.name, first.path.with_suffix(".json").name}
    assert [entry.action for entry in ledger.entries(house)] == ["briefing.render", "briefing.print", "briefing.send"]


def test_a_mail_that_went_out_stands_when_the_issue_changes(house):
    (first,) = send(house, WEEK, "city")
    first.path.write_bytes(b"what was sent")
    (again,) = send(house, WEEK, "city")
    assert "other content than the issue has now; that mail stands" in again.message
    assert first.path.read_bytes() == b"what was sent"


def test_what_is_printed_is_on_record_before_the_first_mail_leaves(house, monkeypatch):
    with monkeypatch.context() as broken, pytest.raises(OSError, match="no mail today"):
        broken.setattr(sending, "send_once", lambda *_: (_ for _ in ()).throw(OSError("no mail today")))
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
    with pytest.raises(NotReleased, match=r"成稿核对未通过（city\.figures\.json）"):
        send(house, WEEK, "city")
    assert not (house.reports_root / "outbox").exists()
    with pytest.raises(BriefingError, match="briefing render 2025-W42"):
        send(house, WEEK.previous(), "city")


def test_the_command_reports_each_recipient(house, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.reports_root))
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    arguments = ["briefing", "send", "2025-W43", "--to", "one@a.example", "--to", "two@a.example", "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert [(one["recipient"], one["outcome"], one["transport"]) for one in json.loads(result.output)] == [
        ("one@a.example", "sent", "file"),
        ("two@a.example", "sent", "file"),
    ]
    (state,) = [one for one in status(house, WEEK) if one.recipient == "one@a.example"]
    assert (state.edition, state.state, state.detail) == ("city", "sent", "written to the outbox")
    (waiting,) = [one for one in status(house, WEEK) if one.recipient == TO]
    assert (waiting.state, waiting.at) == ("not_sent", "")
    shown = CliRunner().invoke(main, ["briefing", "status", "2025-W43", "--json"])
    states = [one["state"] for one in json.loads(shown.output) if one["edition"] == "city"]
    assert states == ["not_sent", "sent", "sent"]


def test_a_preview_is_marked_counts_as_nothing_and_asks_no_gate(house, bend, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.reports_root))
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    monkeypatch.delenv("WORKER_SERVICES_ME", raising=False)
    arguments = ["briefing", "send", "2025-W43", "--to", "me"]
    assert "export WORKER_SERVICES_ME" in CliRunner().invoke(main, arguments).output
    monkeypatch.setenv("WORKER_SERVICES_ME", "zhang@union.example")
    assert CliRunner().invoke(main, [*arguments, "--to", "li@union.example"]).exit_code == 2
    bend("insert into landing.corrections values ('health-2025-001', 'health_services', false)")  # amber
    for _ in range(2):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    (name,) = left(house)
    assert name.startswith("preview_2025-W43_city_zhang-at-union.example-")
    message = read(house.reports_root / "outbox" / name)
    assert message["Subject"].startswith("【预览】【演示】工会服务职工实事项目推进会工作简报第22期")
    assert message["To"] == "zhang@union.example"
    assert [entry.action for entry in ledger.entries(house)] == ["briefing.render"]
    assert printed.known_by(house, utc_now()) == []
    assert {one.state for one in status(house, WEEK)} == {"not_sent"}


def test_a_link_stands_in_the_mail_where_reports_are_served(house, tmp_path):
    own = tmp_path / "project"
    shutil.copytree(house.project_root / "config", own / "config")
    (own / "templates").symlink_to(house.project_root / "templates")
    config = own / "config" / "sending.yaml"
    text = config.read_text(encoding="utf-8")
    assert "reports_url: null" in text
    config.write_text(text.replace("reports_url: null", "reports_url: https://reports.example/"), encoding="utf-8")
    (sent,) = send(type(house)(own, house.data_root, house.reports_root), WEEK, "city")
    for kind in ("html", "plain"):
        content = read(sent.path).get_body((kind,)).get_content()
        assert content.count("https://reports.example/briefings/2025-W43/city.pdf") == 1


def test_the_record_tells_what_happened_to_a_mail(house):
    (sent,) = send(house, WEEK, "city")
    record = read_record(sent.path)
    assert (record.recipient, record.message_id) == (TO, read(sent.path)["Message-ID"])
    assert [(event.event, event.detail) for event in record.events] == [("sent", "written to the outbox")]
    (entry,) = [entry for entry in ledger.entries(house) if entry.action == "briefing.send"]
    assert entry.details["message_id"] == record.message_id
    assert TO not in str(entry.details), "the ledger holds no addresses"
