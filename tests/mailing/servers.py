"""A real SMTP server that asks for STARTTLS and a login, and can be told how to answer."""

import datetime
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from simulators.server_process import hold_port
from worker_services.connections import Connection


@dataclass
class Server:
    """`answer` is that to the mail, `rcpt` those to recipients; 'drop' hangs up. `seen` is called at every step."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    answer: str = "250 OK"
    rcpt: dict[str, list[str]] = field(default_factory=dict)
    seen: Callable[[str], None] = lambda step: None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.seen("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.seen("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.seen("RCPT")
        answers = self.rcpt.get(address, [])
        answer = answers.pop(0) if len(answers) > 1 else answers[0] if answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope: Envelope) -> str:
        self.seen("DATA")
        if self.answer == "drop":
            server.transport.abort()
            return "250 OK"
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        self.seen("taken")
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


def write_certificate(path: Path) -> Path:
    """A certificate of its own for localhost, with its key."""
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
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@contextmanager
def running_server(certificate: Path) -> Iterator[Server]:
    """A server on a free port of 127.0.0.1; the password is 'right'."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def check(_server: object, _session: object, _envelope: object, _mechanism: str, login: object) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=(login.login, login.password) == (b"briefing", b"right"), handled=False)

    handler = Server()
    port = hold_port()
    handler.port = port.number
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
    try:
        yield handler
    finally:
        controller.stop()
        port.close()
