import datetime
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from worker_services.connections import Connection
from worker_services.intervals import Week
from worker_services.mailing.outbox import MailNotSent, MailUncertain, send

WEEK = Week.parse("2025-W43")


@dataclass
class Server:
    """A real SMTP server that asks for STARTTLS and a login, and can be told how to answer."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        if self.answer == "drop":
            server.transport.abort()
            return "250 OK"
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer

    def connection(self, password: str = "right", **extra: object) -> Connection:
        return Connection(
            conn_id="smtp_default",
            conn_type="smtp",
            host="localhost",
            port=self.port,
            login="briefing",
            password=SecretStr(password),
            extra={"disable_ssl": True, **extra},
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def check(_server: object, _session: object, _envelope: object, _mechanism: str, login: object) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=(login.login, login.password) == (b"briefing", b"right"), handled=False)

    handler = Server()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        handler.port = probe.getsockname()[1]
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=handler.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
    )
    controller.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield handler
    controller.stop()


def test_a_mail_goes_out_once_over_tls_with_a_login_and_is_kept(house, server):
    (sent,) = send(house, WEEK, "city", connection=server.connection())
    assert (sent.outcome, sent.transport) == ("sent", "smtp")
    (envelope,) = server.taken
    assert envelope.rcpt_tos == ["promotion-meeting@changchun-union.example"]
    assert envelope.content.replace(b"\r\n", b"\n").strip() == sent.path.read_bytes().replace(b"\r\n", b"\n").strip()
    (again,) = send(house, WEEK, "city", connection=server.connection())
    assert again.outcome == "already_sent"
    assert len(server.taken) == 1
    assert [path.name for path in sent.path.parent.iterdir()] == [sent.path.name]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("password", "SMTPAuthenticationError; nothing was sent"),
        ("no tls", "nothing was sent"),
        ("untrusted", "SSLCertVerificationError; nothing was sent"),
        ("refused", "refused the mail"),
        ("down", "ConnectionRefusedError; nothing was sent"),
    ],
)
def test_a_mail_that_was_not_taken_can_be_sent_again(house, server, monkeypatch, fault, says):
    connection = server.connection(password="wrong" if fault == "password" else "right")
    if fault == "no tls":
        connection = server.connection(disable_tls=True)
    elif fault == "untrusted":
        monkeypatch.delenv("SSL_CERT_FILE")
    elif fault == "refused":
        server.answer = "550 no"
    elif fault == "down":
        connection = connection.model_copy(update={"port": 1})
    with pytest.raises(MailNotSent, match=says) as caught:
        send(house, WEEK, "city", connection=connection)
    assert "wrong" not in str(caught.value)
    assert list((house.reports_root / "outbox").iterdir()) == []
    monkeypatch.undo()
    server.answer = "250 OK"


def test_a_line_that_breaks_while_handing_over_waits_for_a_person(house, server):
    server.answer = "drop"
    with pytest.raises(MailUncertain, match="may have gone out"):
        send(house, WEEK, "city", connection=server.connection())
    server.answer = "250 OK"
    with pytest.raises(MailUncertain, match=r"delete it and send again"):
        send(house, WEEK, "city", connection=server.connection())
    assert server.taken == []
