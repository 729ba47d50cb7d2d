"""The ledger's head goes to those who keep it elsewhere; what is wrong with it, to the data team."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from worker_services.audit import heads, ledger
from worker_services.audit.verify import Finding, Verification, verify
from worker_services.mailing.ledger_mail import FINDINGS_SHOWN, send_findings, send_head
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    ledger.append(settings, "ann", "test", "subject")
    return settings


def test_the_head_is_mailed_once_with_all_that_it_takes_to_hold_the_ledger_against_it(settings):
    path = heads.keep(settings)
    sent = send_head(settings, path)
    message = message_from_bytes(sent.path.read_bytes(), policy=default)
    assert message["To"] == "audit-office@changchun-union.example"
    assert message["Subject"].startswith("审计台账封存记录（第1号，")
    text = message.get_content()
    (entry,) = ledger.entries(settings)[:1]
    for needed in (entry.hash, entry.signature, entry.public_key, f"--head 1:{entry.hash}"):
        assert needed in text
    assert send_head(settings, path).outcome == "already_sent"
    assert heads.keep(settings) is None, "that a head was mailed is no news"
    assert verify(settings, ledger.public_keys(settings)).findings == [], "the mail is entered"
    ledger.append(settings, "ann", heads.SITE, "site")
    assert heads.keep(settings) is None, "nor that the site shows it"
    ledger.append(settings, "ann", "test", "subject")
    ledger.append(settings, "ann", heads.SITE, "site")
    assert heads.keep(settings) is not None


def test_findings_are_named_in_chinese_and_told_once(settings):
    findings = [Finding("file_changed", f"data/landing/{number}", "in English") for number in range(FINDINGS_SHOWN + 3)]
    found = Verification(1, 1, 1, 0, 0, 0, [], None, findings)
    sent = send_findings(settings, found)
    message = message_from_bytes(sent.path.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("data-team@changchun-union.example", "【核验未通过】审计台账")
    text = message.get_content()
    assert f"与台账不符的共{len(findings)}处" in text
    assert "1. 文件内容被改动：data/landing/0" in text
    assert "其余3处从略" in text
    assert send_findings(settings, found).outcome == "already_sent"
