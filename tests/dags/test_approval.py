"""What the square that asks a person makes of silence, and of an answer to another question."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.airflow_instance import airflow_environment
from tests.conftest import LEDGER_KEY
from tests.mailing.conftest import publish_fixture
from worker_services.audit import ledger
from worker_services.briefing.render import render
from worker_services.files import write_json
from worker_services.intervals import Week
from worker_services.mailing.gate import Verdict, judge
from worker_services.mailing.sending import NotReleased, send
from worker_services.settings import PROJECT_ROOT, Settings

WEEK = Week.parse("2025-W43")
End = Callable[[dict[str, str], dict[str, object]], str]
SILENCE: dict[str, object] = {"error": "The timeout has passed", "error_type": "timeout"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A house with an issue that is amber: the source has mended what a correction is about."""
    folder = tmp_path_factory.mktemp("approval")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    publish_fixture(settings, "insert into landing.corrections values ('health-2025-001', 'health_services', false)")
    render(settings, WEEK, "city")
    return settings


@pytest.fixture
def end(settings: Settings, tmp_path: Path) -> End:
    """Ends the question about an issue, and says how the task ends."""

    def run(issue: dict[str, str], event: dict[str, object]) -> str:
        environment = airflow_environment(tmp_path, port=8080, password="unused") | {
            "WORKER_SERVICES_DATA_ROOT": str(settings.data_root),
            "WORKER_SERVICES_REPORTS_ROOT": str(settings.reports_root),
            "AIRFLOW_VAR_LEDGER_SIGNING_KEY": LEDGER_KEY,
        }
        program = Path(__file__).with_name("answer_approval.py")
        command = [sys.executable, program, json.dumps(issue), json.dumps(event)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.rpartition("ended with ")[2].strip()

    return run


def asked(verdict: Verdict) -> dict[str, str]:
    issue = {"week": verdict.week, "edition": verdict.edition}
    return issue | {"colour": verdict.colour, "fingerprint": verdict.fingerprint}


def test_silence_is_no(settings: Settings, end: End) -> None:
    verdict = judge(settings, WEEK, "city")
    assert verdict.colour == "amber"
    assert end(asked(verdict), SILENCE) == "AirflowFailException: nobody answered in time: not sent"
    assert [entry.action for entry in ledger.entries(settings)] == ["briefing.render", "briefing.lapse", "mail.send"]
    (alert,) = (settings.reports_root / "outbox").glob("*.eml")
    assert alert.name.startswith("alert_2025-W43_lapsed-")
    with pytest.raises(NotReleased, match="lapsed"):
        send(settings, WEEK, "city")


def test_an_answer_about_what_the_issue_no_longer_is_approves_nothing(settings: Settings, end: End) -> None:
    verdict = judge(settings, WEEK, "city")
    (record,) = settings.builds.glob("*.json")
    before = json.loads(record.read_text())
    write_json(record, before | {"audit": {"passed": False}})
    yes: dict[str, object] = {"chosen_options": ["同意发送"], "responded_by_user": {"id": "1", "name": "li"}}
    try:
        said = end(asked(verdict), {**yes, "params_input": {"reason": "已核实"}})
    finally:
        write_json(record, before)
    assert said == "AirflowFailException: the issue has changed since the gate looked at it: clear `gate`"
    assert "briefing.approve" not in [entry.action for entry in ledger.entries(settings)]
