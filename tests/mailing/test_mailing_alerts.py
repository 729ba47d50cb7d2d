"""The data team is told of an issue that did not go out, in Chinese, once for a cause."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from worker_services.intervals import Week
from worker_services.mailing.alerts import alert
from worker_services.settings import PROJECT_ROOT, Settings

WEEK = Week.parse("2025-W43")
LINE = "长春工会小程序“健康服务券”至今没有数据。"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


@pytest.mark.parametrize(
    ("kind", "subject", "says"),
    [
        ("red", "【暂停发送】", "请查明并消除上述原因"),
        ("declined", "【不予发送】", "briefing approve 2025-W43 --edition city --reason"),
        ("lapsed", "【逾期未审核】", "限期内无人审核，已停止发送。"),
        ("failed", "【发送失败】", "已发出的不会重复发送"),
    ],
)
def test_an_alert_says_what_happened_why_and_what_to_do(settings, kind, subject, says):
    sent = alert(settings, WEEK, "city", kind, [LINE])
    message = message_from_bytes(sent.path.read_bytes(), policy=default)
    assert message["Subject"] == f"{subject}工会服务职工实事项目推进会工作简报第22期（2025年第43周）"
    assert message["To"] == "data-team@changchun-union.example"
    text = message.get_content()
    assert f"1. {LINE}" in text
    assert "首见版次：全市" in text
    assert says in text
    assert "worker-services briefing gate 2025-W43 --edition city" in text


def test_the_same_cause_is_told_once_and_another_again(settings):
    first = alert(settings, WEEK, "city", "red", [LINE])
    assert alert(settings, WEEK, "city", "red", [LINE]).outcome == "already_sent"
    other = alert(settings, WEEK, "city", "red", [LINE, "数据版本未通过审核。"])
    lapsed = alert(settings, WEEK, "city", "lapsed", [LINE])
    assert len({first.path, other.path, lapsed.path}) == 3
    assert other.outcome == lapsed.outcome == "sent"
