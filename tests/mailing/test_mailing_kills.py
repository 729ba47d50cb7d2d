"""A run that is killed (SIGKILL) at any line, or at any step of the dialogue with the server, sends nothing twice."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mailing.servers import Server, running_server, write_certificate
from worker_services.mailing.config import SmtpConfig
from worker_services.mailing.outbox import send_once, standing
from worker_services.mailing.smtp import MailUncertain

SMTP = SmtpConfig(timeout_seconds=20, attempts=2, first_pause_seconds=0)
TO = "one@a.example"
MESSAGE = (
    b"From: briefing@changchun-union.example\r\nTo: one@a.example\r\nMessage-ID: <1@changchun-union.example>\r\n"
    b"Subject: test\r\n\r\ntext\r\n"
)
WATCHED = ("mailing/outbox.py", "mailing/smtp.py", "worker_services/files.py")
MOST_LINES = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificate = write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")
    with pytest.MonkeyPatch.context() as patch, running_server(certificate) as server:
        patch.setenv("SSL_CERT_FILE", str(certificate))
        yield server


def run_killed(path: Path, server: Server, prepare: Callable[[], None]) -> int | None:
    """Send in a process of its own that was prepared to die; the signal that ended it, or None."""
    child = os.fork()
    if child == 0:
        try:
            prepare()
            send_once(path, MESSAGE, TO, server.connection(), SMTP)
        finally:
            os._exit(0)
    _, state = os.waitpid(child, 0)
    return os.WTERMSIG(state) if os.WIFSIGNALED(state) else None


def die_at_line(number: int) -> None:
    """Have this process killed when it comes to its nth line of our code."""
    left = number

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def outcome_after(path: Path, server: Server) -> str:
    """What the next run says; whatever it is, at most one mail has left, and never less than it says."""
    before, gone = standing(path)[0], len(server.taken)
    assert gone in {"not_sent": (0,), "sent": (1,), "uncertain": (0, 1)}[before]
    try:
        said = send_once(path, MESSAGE, TO, server.connection(), SMTP).outcome
    except MailUncertain:
        said = "uncertain"
        assert standing(path)[0] == "uncertain"
    mails = len(server.taken)
    assert mails <= 1
    if said != "uncertain":
        assert (mails, standing(path)[0], path.exists()) == (1, "sent", True)
    try:
        assert send_once(path, MESSAGE, TO, server.connection(), SMTP).outcome == "already_sent"
    except MailUncertain:
        assert said == "uncertain"
    assert len(server.taken) == mails
    return said


def test_killed_at_any_line(server: Server, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(MOST_LINES):
        server.taken.clear()
        path = tmp_path / str(number) / "mail.eml"
        if run_killed(path, server, lambda line=number: die_at_line(line)) is None:
            break
        outcomes[outcome_after(path, server)] += 1
    else:
        pytest.fail("the process never came to its end")
    assert number > 50, "so few lines cannot be all"
    assert set(outcomes) == {"sent", "already_sent", "uncertain"}
    assert outcomes["uncertain"] < outcomes["sent"], "few moments need a person"


@pytest.mark.parametrize(
    ("step", "then"),
    [("EHLO", "sent"), ("MAIL", "sent"), ("RCPT", "sent"), ("DATA", "uncertain"), ("taken", "uncertain")],
)
def test_killed_while_the_server_is_at_a_step(server: Server, tmp_path: Path, step: str, then: str) -> None:
    server.taken.clear()
    path = tmp_path / "mail.eml"
    child_ids: list[int] = []
    reading, writing = os.pipe()

    def kill_it(at: str) -> None:
        if at == step and not child_ids:
            child_ids.append(int(os.read(reading, 20)))
            os.kill(child_ids[0], signal.SIGKILL)

    server.seen = kill_it
    try:
        assert run_killed(path, server, lambda: os.write(writing, str(os.getpid()).encode())) == signal.SIGKILL
    finally:
        server.seen = lambda step: None
        os.close(reading)
        os.close(writing)
    assert outcome_after(path, server) == then


def test_the_same_mail_sent_by_two_processes_at_once_goes_out_once(server: Server, tmp_path: Path) -> None:
    server.taken.clear()
    path = tmp_path / "mail.eml"
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = {"sent": 10, "already_sent": 11}[send_once(path, MESSAGE, TO, server.connection(), SMTP).outcome]
            finally:
                os._exit(code)
        children.append(child)
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert codes == [10, 11, 11, 11]
    assert len(server.taken) == 1
