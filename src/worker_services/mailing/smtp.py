"""Handing one mail to a mail server: what can be tried again, what cannot, and the moment after which nobody knows."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP

from worker_services.connections import Connection


class MailNotSent(Exception):
    """Nothing went out, and sending again is safe. `is_transient`: it may work by itself a little later."""

    def __init__(self, message: str, is_transient: bool = False) -> None:
        super().__init__(message)
        self.is_transient = is_transient


class MailRefused(MailNotSent):
    """The server will not take this mail to this recipient; other mails may go."""


class ServerUnusable(MailNotSent):
    """The server cannot be reached, or will not have us: it would be the same for every mail."""


class MailUncertain(Exception):
    """The mail server may or may not have taken the mail; a person must look before it is sent again."""


@dataclass(frozen=True)
class Taken:
    """The server's answer, and the answers for those recipients that it would not have."""

    reply: str
    refused: dict[str, str]


def hand_over(connection: Connection, raw: bytes, timeout: float, before_data: Callable[[], None]) -> Taken:
    """Give a mail to the server that an Airflow `smtp` connection names: TLS from the start, or STARTTLS.

    `before_data` is called when the server has taken sender and recipients, right before the mail itself goes over the
    line: from then until the answer nobody knows whether it went out. Raises MailNotSent, MailUncertain.
    """
    message = message_from_bytes(raw, policy=SMTP)
    sender = message["From"].addresses[0].addr_spec
    recipients = [address.addr_spec for address in message["To"].addresses]
    with _session(connection, timeout) as server:
        refused = _envelope(connection, server, sender, recipients)
        before_data()
        try:
            code, reply = server.data(raw)
        except smtplib.SMTPDataError as error:  # refused before a byte of it was sent
            raise _refusal(connection, "", error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailUncertain(
                f"the line to {connection.host} broke while the mail was handed over: it may have gone out. "
                "Look in the mail server's log before sending again."
            ) from error
        if code // 100 != 2:
            raise _refusal(connection, "", code, reply)
        return Taken(_said(code, reply), refused)


@contextmanager
def _session(connection: Connection, timeout: float) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    server: smtplib.SMTP | None = None
    try:
        if not _is_on(connection.extra.get("disable_ssl")):
            server = smtplib.SMTP_SSL(connection.host, connection.port or 465, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(connection.host, connection.port or 587, timeout=timeout)
            if not _is_on(connection.extra.get("disable_tls")):
                server.starttls(context=context)
        if connection.login:
            server.login(connection.login, connection.password.get_secret_value())
        server.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        if server:
            server.close()
        raise ServerUnusable(
            f"mail server {connection.host}:{connection.port or ''} of connection '{connection.conn_id}': "
            f"{type(error).__name__}; nothing was sent. Check host, port, TLS settings, login and password.",
            is_transient=_may_pass(error),
        ) from error
    try:
        yield server
    finally:
        server.close()


def _envelope(connection: Connection, server: smtplib.SMTP, sender: str, recipients: list[str]) -> dict[str, str]:
    """Name sender and recipients; the recipients that are refused for good, unless all are. Raises MailNotSent."""
    refused: dict[str, str] = {}
    try:
        code, reply = server.mail(sender)
        if code // 100 != 2:
            raise _refusal(connection, f"the sender {sender}", code, reply)
        for recipient in recipients:
            if not recipient.isascii():
                refused[recipient] = "553 an address that is not ASCII"
                continue
            code, reply = server.rcpt(recipient)
            if code // 100 == 4:
                raise _refusal(connection, recipient, code, reply)
            if code // 100 != 2:
                refused[recipient] = _said(code, reply)
    except (OSError, smtplib.SMTPException) as error:
        raise ServerUnusable(
            f"{connection.host} hung up before the mail was handed over ({type(error).__name__}); nothing was sent",
            is_transient=True,
        ) from error
    if len(refused) == len(recipients):
        answers = "; ".join(f"{recipient}: {answer}" for recipient, answer in refused.items())
        raise MailRefused(f"{connection.host} refused the mail ({answers}); nothing was sent")
    return refused


def _refusal(connection: Connection, whom: str, code: int, reply: bytes | str) -> MailNotSent:
    what = f"{connection.host} refused the mail ({f'{whom}: ' if whom else ''}{_said(code, reply)}); nothing was sent"
    return MailNotSent(what, is_transient=True) if code // 100 == 4 else MailRefused(what)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code // 100 == 4
    return not isinstance(error, (ssl.SSLError, smtplib.SMTPNotSupportedError))


def _said(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"[:300]


def _is_on(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")
