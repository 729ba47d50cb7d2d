"""Answering the question that Airflow asks about an amber issue, from the command line."""

import httpx
import stamina

from worker_services.connections import Connection
from worker_services.mailing.config import APPROVE, DECLINE
from worker_services.mailing.gate import Verdict

TIMEOUT_SECONDS = 60
ATTEMPTS = 5


class AirflowUnreachable(Exception):
    """Airflow did not take the answer; the ledger has it all the same."""


def answer(connection: Connection, verdict: Verdict, is_approved: bool, reason: str) -> bool:
    """Answer the open question about exactly what the verdict was given on. False where none is open.

    The connection is of type `http`, with the login of an Airflow user. Raises AirflowUnreachable.
    """
    base = f"{connection.schema_ or connection.conn_type or 'http'}://{connection.host}:{connection.port or 8080}"
    was_asked = False
    try:
        for attempt in stamina.retry_context(on=_may_pass, attempts=ATTEMPTS, timeout=None):
            with attempt, httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
                login = {"username": connection.login, "password": connection.password.get_secret_value()}
                token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
                client.headers["Authorization"] = f"Bearer {token}"
                asked = client.get(
                    "/api/v2/dags/weekly_briefing/dagRuns/~/hitlDetails",
                    params={"response_received": False, "body_search": verdict.fingerprint},
                )
                for question in asked.raise_for_status().json()["hitl_details"]:
                    was_asked = True
                    task = question["task_instance"]
                    client.patch(
                        f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
                        f"/{task['map_index']}/hitlDetails",
                        json={
                            "chosen_options": [APPROVE if is_approved else DECLINE],
                            "params_input": {"reason": reason},
                        },
                    ).raise_for_status()
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise AirflowUnreachable(
            f"Airflow at {base} (connection '{connection.conn_id}') did not take the answer: {type(error).__name__}. "
            "The ledger has it: answer in Airflow's page as well, or send by hand"
        ) from error
    return was_asked


def _may_pass(error: Exception) -> bool:
    """Whether the same may go well a moment later: Airflow is starting, or its database is busy."""
    return isinstance(error, httpx.TransportError) or (
        isinstance(error, httpx.HTTPStatusError) and error.response.is_server_error
    )
