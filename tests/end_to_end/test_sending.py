"""The weekly briefing on the real scheduler: green by itself, amber by a person's answer, declined, and a red one."""

import json
import time
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from click.testing import CliRunner

from simulators.airflow_instance import LOGIN, Airflow, AirflowFailure, running_airflow
from simulators.demo import SECONDS_BEFORE_AN_ANSWER
from tests.conftest import LEDGER_KEY
from tests.mailing.conftest import publish_fixture
from tests.mailing.servers import running_server, write_certificate
from worker_services.audit import ledger
from worker_services.cli import main
from worker_services.files import write_json
from worker_services.intervals import Week
from worker_services.mailing.sending import status
from worker_services.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.timeout(1800)  # to stop a hang; a quiet machine needs two minutes

DAG = "weekly_briefing"
PASSWORD = "of the tests"
REFUSED, GREEN, APPROVED, DECLINED, RED = "2025-W39", "2025-W40", "2025-W41", "2025-W42", "2025-W43"
TO = "promotion-meeting@changchun-union.example"
DATA_TEAM = "data-team@changchun-union.example"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A house with one build, in which many rows of two weeks were held back."""
    folder = tmp_path_factory.mktemp("sending")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    publish_fixture(settings)
    (build,) = settings.builds.glob("*.duckdb")
    held = "partner_id, feed, '{}', 100, 70, 30, 0, 0.7"
    with duckdb.connect(str(build)) as database:
        for week in (APPROVED, DECLINED):
            database.execute(
                f"insert into marts.rpt_quality_feed_weekly select {held.format(week)} "
                "from marts.rpt_partner_freshness where feed = 'vouchers'"
            )
    return settings


def test_green_goes_by_itself_and_amber_as_a_person_says(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    environment = {
        "WORKER_SERVICES_DATA_ROOT": str(settings.data_root),
        "WORKER_SERVICES_REPORTS_ROOT": str(settings.reports_root),
        "WORKER_SERVICES_RETRY_SECONDS": "1",
        "SSL_CERT_FILE": str(certificate),
    }
    with running_server(certificate) as mail_server:
        smtp = mail_server.connection().model_dump(by_alias=True, exclude={"conn_id"}) | {"password": "right"}
        smtp["extra"] = {"disable_ssl": True}
        credentials = {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp), "AIRFLOW_VAR_LEDGER_SIGNING_KEY": LEDGER_KEY}
        home = tmp_path / "airflow"
        with running_airflow(home, {DAG}, PASSWORD, environment, lambda: credentials) as airflow:
            airflow.run(DAG, "green", conf={"week": GREEN, "editions": ["city"]})
            airflow.wait(DAG, "green")
            states = {task.task_id.rpartition(".")[2]: task.state for task in airflow.tasks(DAG, "green")}
            assert states == {
                "resolve_build": "success",
                "render": "success",
                "gate": "success",
                "approve": "skipped",
                "send": "success",
                "trace_figures": "skipped",  # of a build of the tests nothing is kept that it was made by
                "all_sent": "success",
            }
            assert [envelope.rcpt_tos for envelope in mail_server.taken] == [[TO]]

            airflow.run(DAG, "approved", conf={"week": APPROVED, "editions": ["city"]})
            question = asked(airflow, "approved")
            assert question["subject"] == "工作简报 2025-W41 city：待人工审核"
            assert "本周收到100行，其中30行被隔离或暂缓，未计入。" in question["body"]
            assert question["options"] == ["同意发送", "不予发送"]
            assert len(mail_server.taken) == 1, "nothing leaves while nobody has answered"
            airflow.answer(question, "同意发送", "已与小程序核实")
            airflow.wait(DAG, "approved", seconds=300)
            assert len(mail_server.taken) == 2

            airflow.run(DAG, "declined", conf={"week": DECLINED, "editions": ["city"]})
            asked(airflow, "declined")
            api = {"conn_type": "http", "host": "127.0.0.1", "port": httpx.URL(airflow.url).port}
            api |= {"login": LOGIN, "password": PASSWORD}
            for name, value in {**environment, **credentials, "AIRFLOW_CONN_AIRFLOW_API": json.dumps(api)}.items():
                monkeypatch.setenv(name, value)
            arguments = ["briefing", "decline", DECLINED, "--reason", "等补报后再发", "--by", "li", "--json"]
            declined = CliRunner().invoke(main, arguments)
            assert declined.exit_code == 0, declined.output
            assert [one["airflow"] for one in json.loads(declined.output)] == ["answered"]
            airflow.wait(DAG, "declined", seconds=300)
            states = {task.task_id: task.state for task in airflow.tasks(DAG, "declined")}
            assert (states["edition.approve"], states["edition.send"]) == ("success", "skipped")

            mail_server.rcpt[TO] = ["550 no such user"]
            airflow.run(DAG, "refused", conf={"week": REFUSED, "editions": ["city"]})
            with pytest.raises(AirflowFailure, match="550 no such user"):
                airflow.wait(DAG, "refused")

            (record,) = settings.builds.glob("*.json")
            write_json(record, {"build_id": record.stem, "batches": [], "audit": {"passed": False}})
            airflow.run(DAG, "red", conf={"week": RED, "editions": ["city"]})
            with pytest.raises(AirflowFailure, match=r"2025-W43/city is held: 数据版本\S+未通过审核"):
                airflow.wait(DAG, "red")
        told = [envelope.rcpt_tos for envelope in mail_server.taken]
    assert told == [[TO], [TO], [DATA_TEAM], [DATA_TEAM], [DATA_TEAM]]
    alerts = sorted(path.name for path in (settings.reports_root / "outbox").glob("alert_*.eml"))
    causes = ["alert_2025-W39_failed", "alert_2025-W42_declined", "alert_2025-W43_red"]
    assert [name.rpartition("-")[0] for name in alerts] == causes
    decisions = [
        (entry.action, entry.actor, entry.subject, entry.details["reason"], entry.details["via"])
        for entry in ledger.entries(settings)
        if entry.action in ("briefing.approve", "briefing.decline")
    ]
    assert decisions == [
        ("briefing.approve", LOGIN, "2025-W41/city", "已与小程序核实", "airflow"),
        ("briefing.decline", "li", "2025-W42/city", "等补报后再发", "command"),
    ]
    by = {entry.action: entry.actor for entry in ledger.entries(settings)}
    began = {by[action] for action in ("briefing.render", "briefing.print", "briefing.send")}
    assert began == {LOGIN}, "who began the runs"
    weeks = (REFUSED, GREEN, APPROVED, DECLINED)
    city = [one for week in weeks for one in status(settings, Week.parse(week)) if one.edition == "city"]
    assert [one.state for one in city] == [
        "refused",
        "sent",
        "sent",
        "not_sent",
    ]


def asked(airflow: Airflow, run_id: str) -> dict[str, Any]:
    """The question that waits in a run, once it may be answered: Airflow loses an answer that comes within seconds."""
    deadline = time.monotonic() + 600
    while not (found := airflow.questions(DAG, run_id)):
        assert time.monotonic() < deadline, airflow.tasks(DAG, run_id)
        time.sleep(0.5)
    time.sleep(SECONDS_BEFORE_AN_ANSWER)
    (question,) = found
    return question
