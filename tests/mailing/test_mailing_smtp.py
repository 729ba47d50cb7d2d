from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mailing.servers import Server, running_server, write_certificate
from worker_services.audit import ledger
from worker_services.intervals import Week
from worker_services.mailing.outbox import read_record
from worker_services.mailing.sending import send, send_preview, status
from worker_services.mailing.smtp import MailNotSent, MailUncertain

WEEK = Week.parse("2025-W43")
ONE, TWO, THREE = "one@a.example", "two@a.example", "three@a.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_server(certificate) as server:
        yield server


def left(house, kind: str = "*.eml*") -> list[str]:
    return sorted(path.name for path in (house.reports_root / "outbox").glob(kind))


def test_a_mail_goes_out_once_over_tls_with_a_login_and_is_kept(house, server):
    (sent,) = send(house, WEEK, "city", connection=server.connection())
    assert (sent.outcome, sent.transport) == ("sent", "smtp")
    (envelope,) = server.taken
    assert envelope.mail_from == "briefing@changchun-union.example"
    assert envelope.rcpt_tos == ["promotion-meeting@changchun-union.example"]
    assert envelope.content.replace(b"\r\n", b"\n").strip() == sent.path.read_bytes().replace(b"\r\n", b"\n").strip()
    (again,) = send(house, WEEK, "city", connection=server.connection())
    assert again.outcome == "already_sent"
    assert len(server.taken) == 1
    assert left(house) == [sent.path.name]
    assert [event.event for event in read_record(sent.path).events] == ["handing_over", "sent"]


@pytest.mark.parametrize(
    ("fault", "says", "tries"),
    [
        ("password", "SMTPAuthenticationError; nothing was sent", 0),
        ("no tls", "nothing was sent", 0),
        ("untrusted", "SSLCertVerificationError; nothing was sent", 0),
        ("down", "ConnectionRefusedError; nothing was sent", 0),
        ("later", r"refused the mail \(451 try later\)", 4),
    ],
)
def test_a_mail_that_was_not_taken_can_be_sent_again(house, server, monkeypatch, fault, says, tries):
    connection = server.connection(password="wrong" if fault == "password" else "right")
    seen: list[str] = []
    server.seen = seen.append
    if fault == "no tls":
        connection = server.connection(disable_tls=True)
    elif fault == "untrusted":
        monkeypatch.delenv("SSL_CERT_FILE")
    elif fault == "later":
        server.answer = "451 try later"
    elif fault == "down":
        connection = connection.model_copy(update={"port": 1})
    with pytest.raises(MailNotSent, match=says) as caught:
        send(house, WEEK, "city", connection=connection)
    assert "wrong" not in str(caught.value)
    assert left(house) == []
    assert seen.count("DATA") == tries
    monkeypatch.undo()
    server.answer = "250 OK"


def test_what_may_pass_is_tried_again_until_it_has(house, server):
    server.rcpt[ONE] = ["451 greylisted", "451 greylisted", "250 OK"]
    (sent,) = send(house, WEEK, "city", [ONE], server.connection())
    assert sent.outcome == "sent"
    assert len(server.taken) == 1


def test_a_refused_recipient_does_not_keep_the_mail_from_the_others(house, server):
    server.rcpt[TWO] = ["550 no such user"]
    sent = send(house, WEEK, "city", [ONE, TWO, THREE], server.connection())
    assert [(one.recipient, one.outcome) for one in sent] == [(ONE, "sent"), (TWO, "refused"), (THREE, "sent")]
    assert [envelope.rcpt_tos for envelope in server.taken] == [[ONE], [THREE]]
    states = {one.recipient: (one.state, one.detail) for one in status(house, WEEK)}
    assert states[ONE][0] == states[THREE][0] == "sent"
    assert states[TWO][0] == "refused" and "550 no such user" in states[TWO][1]
    assert len([entry for entry in ledger.entries(house) if entry.action == "briefing.send"]) == 2
    del server.rcpt[TWO]
    again = send(house, WEEK, "city", [ONE, TWO, THREE], server.connection())
    assert [one.outcome for one in again] == ["already_sent", "sent", "already_sent"]
    assert len(server.taken) == 3


def test_a_recipient_who_must_wait_does_not_keep_the_mail_from_the_others_and_shows_as_not_sent(house, server):
    server.rcpt[ONE] = ["451 greylisted"]
    with pytest.raises(MailNotSent, match=r"one@a\.example: 451 greylisted"):
        send(house, WEEK, "city", [ONE, TWO], server.connection())
    assert [envelope.rcpt_tos for envelope in server.taken] == [[TWO]]
    assert {one.recipient: one.state for one in status(house, WEEK)}[ONE] == "not_sent"


def test_a_line_that_breaks_while_handing_over_waits_for_a_person(house, server):
    server.answer = "drop"
    with pytest.raises(MailUncertain, match="may have gone out"):
        send(house, WEEK, "city", [ONE], server.connection())
    server.answer = "250 OK"
    with pytest.raises(MailUncertain, match=r"delete it and send again"):
        send(house, WEEK, "city", [ONE, TWO], server.connection())
    assert [envelope.rcpt_tos for envelope in server.taken] == [[TWO]]
    states = {one.recipient: one.state for one in status(house, WEEK)}
    assert (states[ONE], states[TWO]) == ("uncertain", "sent")


def test_a_preview_goes_out_as_often_as_asked_and_leaves_nothing(house, server):
    for _ in range(2):
        sent = send_preview(house, WEEK, "city", ONE, server.connection())
    assert "does not" not in sent.message and "not kept" in sent.message
    assert len(server.taken) == 2
    assert not (house.reports_root / "outbox").exists()
