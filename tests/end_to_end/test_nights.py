import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import simulators
from simulators.airflow_instance import Airflow, AirflowFailure, running_airflow
from simulators.demo import demo_secrets
from worker_services.audit import ledger
from worker_services.intervals import Interval
from worker_services.landing import outcomes
from worker_services.partners.registry import load_partners
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import lineage_events

pytestmark = pytest.mark.timeout(2400)  # to stop a hang; a quiet machine needs three minutes

SATURDAY, SUNDAY = Interval.parse("2025-10-25/2025-10-26"), Interval.parse("2025-10-26/2025-10-27")


def test_nights_that_never_ran_are_run_in_order_and_a_partner_that_is_down_costs_one_square(tmp_path: Path) -> None:
    settings = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    known = demo_secrets(tmp_path)
    environment = {
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "WORKER_SERVICES_FIRST_NIGHT": "2025-10-25",
        "WORKER_SERVICES_RETRY_SECONDS": "1",
        "WORKER_SERVICES_DATA_ROOT": str(settings.data_root),
        "WORKER_SERVICES_REPORTS_ROOT": str(settings.reports_root),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(tmp_path / "lineage.ndjson"), "append": True}
        ),
    }
    with simulators.running(deliver=map(str, (SATURDAY, SUNDAY))) as partners:
        credentials = {
            **partners.connections,
            "AIRFLOW_VAR_WORKER_KEY_SECRET": known["worker_key_secret"],
            "AIRFLOW_VAR_VAULT_IDENTITY": known["vault_identity"],
            "AIRFLOW_VAR_LEDGER_SIGNING_KEY": known["ledger_signing_key"],
        }
        dags = {"ingest_health", "maintain"}
        with running_airflow(
            tmp_path / "airflow", dags, known["airflow_password"], environment, lambda: credentials
        ) as airflow:
            with partners.faulty("eye_hospital", "down"):
                airflow.unpause("ingest_health")
                first, _ = wait_for_runs(airflow, 2)
                with pytest.raises(AirflowFailure) as failure:
                    airflow.wait("ingest_health", first)
            assert "missing: 长春爱尔眼科医院" in str(failure.value), "what failed, and why, in the words of its log"
            states = {task.name: task.state for task in airflow.tasks("ingest_health", first)}
            batches = {
                f"ingest {name} {feed}": "failed" if name == "eye_hospital" else "success"
                for name, partner in load_partners().items()
                if partner.domain == "health"
                for feed in partner.feeds
            }
            assert len(batches) >= 10
            assert states == batches | {
                "notify_partners": "success",
                "account_for_batches": "success",
                "all_landed": "upstream_failed",
            }
            assert list((settings.reports_root / "outbox").glob("notice_maternity_hospital-*.eml"))
            second = wait_for_runs(airflow, 2)[1]
            airflow.wait("ingest_health", second)
            airflow.unpause("maintain")
            checked = wait_until(lambda: airflow.runs("maintain"), lambda runs: len(runs) >= 1, 900)[0]
            airflow.wait("maintain", checked)  # a finding of the ledger's check would fail it
    assert [first, second] == ["scheduled__2025-10-25T18:30:00+00:00", "scheduled__2025-10-26T18:30:00+00:00"]
    for interval in (SATURDAY, SUNDAY):  # the second night brought in what the first could not
        outcome = outcomes.latest(settings, "eye_hospital", "health_services", interval)
        assert outcome and outcome.is_landed
    (head,) = (settings.data_root / "ledger" / "heads").glob("*.json")
    assert (settings.reports_root / "outbox" / f"ledger_head_{int(head.stem)}.eml").exists()
    actors = {entry.actor for entry in ledger.entries(settings)}
    assert actors == {"airflow"}, "the schedule began the runs, no person"
    told = [json.loads(line) for line in (tmp_path / "lineage.ndjson").read_text("utf-8").splitlines()]
    of_job: dict[str, set[str]] = {}
    for event in told:
        of_job.setdefault(event["job"]["name"], set()).add(event["eventType"])
        assert event["job"]["namespace"] == "worker-services"
        assert "sourceCode" not in event["job"]["facets"]
    assert {"START", "COMPLETE", "FAIL"} <= of_job["ingest_health"] & of_job["ingest_health.ingest"]
    taken = {
        (source["namespace"], source["name"], target["namespace"], target["name"])
        for event in told
        if event["job"]["name"] == "ingest_health.ingest"
        for source in event.get("inputs", [])
        for target in event.get("outputs", [])
    }
    assert taken == {
        (f"partner://{name}", feed, lineage_events.WAREHOUSE, f"landing.{feed}")
        for name, partner in load_partners().items()
        if partner.domain == "health"
        for feed in partner.feeds
    }


def wait_for_runs(airflow: Airflow, count: int, seconds: float = 900) -> list[str]:
    return wait_until(lambda: airflow.runs("ingest_health"), lambda runs: len(runs) >= count, seconds)


def wait_until(ask: Callable[[], list[str]], enough: Callable[[list[str]], bool], seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while not enough(found := ask()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found
