"""Mails that come back are noted at the recipient they are about."""

import json
import socket
import ssl
import threading
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from tests.mailing.servers import write_certificate
from worker_services.audit import ledger
from worker_services.cli import main
from worker_services.connections import Connection
from worker_services.intervals import Week
from worker_services.mailing.bounces import MailboxUnreadable, note, note_from_folder, note_from_mailbox
from worker_services.mailing.outbox import read_record
from worker_services.mailing.sending import send, status

WEEK = Week.parse("2025-W43")
ONE, TWO = "one@a.example", "two@a.example"


def notification(message_id: str, *, action: str = "failed", whole: bool = True, status: str = "5.1.1") -> bytes:
    """As RFC 3464 has it: a text for people, a part for programs, and the mail that came back or its headers."""
    first = "Reporting-MTA: dns; mx.a.example\r\n\r\n"
    about = (
        f"Final-Recipient: rfc822; {ONE}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1\r\n <{ONE}> no such user\r\n"
    )
    headers = f"From: briefing@changchun-union.example\r\nTo: {ONE}\r\nMessage-ID: {message_id}\r\n"
    returned = f"{headers}\r\ntext\r\n" if whole else headers
    parts = [
        ("text/plain", "Your mail could not be delivered.\r\n"),
        ("message/delivery-status", first + about),
        ("message/rfc822" if whole else "text/rfc822-headers", returned),
    ]
    body = "".join(f"--=b=\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in parts)
    return (
        "From: MAILER-DAEMON@mx.a.example\r\nTo: briefing@changchun-union.example\r\nSubject: Undelivered\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="=b="\r\n\r\n'
        f"{body}--=b=--\r\n"
    ).encode()


@pytest.fixture
def sent(house):
    """An issue that went to two."""
    return send(house, WEEK, "city", [ONE, TWO])


@pytest.mark.parametrize("whole", [True, False])
def test_a_mail_that_came_back_is_noted_once_at_its_recipient(house, sent, whole):
    raw = notification(read_record(sent[0].path).message_id, whole=whole)
    (bounce,) = note(house, raw)
    assert (bounce.recipient, bounce.event, bounce.status) == (ONE, "bounced", "5.1.1")
    assert note(house, raw) == [bounce]
    assert [event.event for event in read_record(sent[0].path).events] == ["sent", "bounced"]
    states = {one.recipient: one.state for one in status(house, WEEK)}
    assert (states[ONE], states[TWO]) == ("bounced", "sent")
    (entry,) = [entry for entry in ledger.entries(house) if entry.action == "briefing.bounce"]
    assert entry.subject == "2025-W43/city"
    assert entry.details == {"event": "bounced", "message_id": bounce.message_id, "status": "5.1.1"}
    assert [one.outcome for one in send(house, WEEK, "city", [ONE, TWO])] == ["already_sent", "already_sent"]


def test_a_delay_is_no_bounce_and_other_mail_is_nothing(house, sent):
    message_id = read_record(sent[1].path).message_id
    (delay,) = note(house, notification(message_id, action="delayed", status="4.4.1"))
    assert (delay.recipient, delay.event) == (TWO, "delayed")
    assert note(house, notification(message_id, action="delivered", status="2.0.0")) == []
    holiday = EmailMessage(policy=SMTP)
    holiday["Subject"] = "自动回复"
    holiday.set_content("休假中")
    assert note(house, holiday.as_bytes()) == []
    (unknown,) = note(house, notification("<who@knows.example>"))
    assert unknown.recipient == ""
    assert note(house, b"\x00 no mail at all") == []


def test_a_folder_of_returned_mails_is_read_by_the_command(house, sent, tmp_path, monkeypatch):
    folder = tmp_path / "returned"
    folder.mkdir()
    (folder / "1.eml").write_bytes(notification(read_record(sent[0].path).message_id))
    (folder / "2.eml").write_bytes(notification("<who@knows.example>"))
    assert len(note_from_folder(house, folder)) == 2
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.reports_root))
    monkeypatch.delenv("AIRFLOW_CONN_IMAP_BOUNCES", raising=False)
    result = CliRunner().invoke(main, ["briefing", "bounces", "--folder", str(folder), "--json"])
    assert [one["recipient"] for one in json.loads(result.output)] == [ONE, ""]
    assert CliRunner().invoke(main, ["briefing", "bounces"]).exit_code == 2


class Mailbox(threading.Thread):
    """As much of an IMAP server as is asked of it, over TLS; no IMAP server installs with the project's other parts."""

    def __init__(self, certificate, mails: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(certificate)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.unread = dict(enumerate(mails, 1))

    def run(self) -> None:
        while True:
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            with self.context.wrap_socket(line, server_side=True) as secure, secure.makefile("rwb") as file:
                file.write(b"* OK ready\r\n")
                file.flush()
                for request in file:
                    tag, command, *words = request.decode().split()
                    said, ending = self.answer(command.upper(), words)
                    file.write(b"".join(said) + f"{tag} {ending}\r\n".encode())
                    file.flush()
                    if command.upper() == "LOGOUT":
                        break

    def answer(self, command: str, words: list[str]) -> tuple[list[bytes], str]:
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1\r\n"], "OK done"
        if command == "LOGIN" and words[1].strip('"') != "right":
            return [], "NO wrong password"
        if command == "SELECT":
            return [f"* {len(self.unread)} EXISTS\r\n".encode()], "OK [READ-WRITE] done"
        if command == "SEARCH":
            return [f"* SEARCH {' '.join(map(str, self.unread))}\r\n".encode()], "OK done"
        if command == "FETCH":
            mail = self.unread[int(words[0])]
            return [f"* {words[0]} FETCH (BODY[] {{{len(mail)}}}\r\n".encode(), mail, b")\r\n"], "OK done"
        if command == "STORE":
            del self.unread[int(words[0])]
        return [], "OK done"


def test_a_mailbox_is_read_once(house, sent, tmp_path, monkeypatch):
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = Mailbox(
        certificate, [notification(read_record(sent[0].path).message_id), b"Subject: hello\r\n\r\nhello\r\n"]
    )
    mailbox.start()
    connection = Connection(
        conn_id="imap_bounces",
        conn_type="imap",
        host="localhost",
        port=mailbox.port,
        login="briefing",
        password=SecretStr("right"),
    )
    wrong = connection.model_copy(update={"password": SecretStr("wrong")})
    try:
        with pytest.raises(MailboxUnreadable, match="connection 'imap_bounces'") as caught:
            note_from_mailbox(house, wrong)
        assert "wrong" not in str(caught.value)
        assert [one.recipient for one in note_from_mailbox(house, connection)] == [ONE]
        assert note_from_mailbox(house, connection) == []
        assert mailbox.unread == {}
    finally:
        mailbox.listening.close()
