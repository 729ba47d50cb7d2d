"""An answer from the command line reaches Airflow, also when Airflow's database is busy at that moment."""

from typing import Any

import pytest
from fastapi import FastAPI, HTTPException

from tests.partners.http_servers import serving
from worker_services.connections import Connection
from worker_services.mailing.airflow_api import ATTEMPTS, AirflowUnreachable, answer
from worker_services.mailing.config import APPROVE
from worker_services.mailing.gate import Verdict

VERDICT = Verdict("2025-W43", "city", "amber", "build_1", "0" * 64, "f" * 64, [])
TASK = {"dag_id": "weekly_briefing", "dag_run_id": "monday", "task_id": "edition.approve", "map_index": 3}


def airflow(busy: int, taken: list[dict[str, Any]]) -> FastAPI:
    """The part of Airflow's API that is asked; the first `busy` answers it is given fail as SQLite fails it."""
    app = FastAPI()
    failures = iter(range(busy))

    @app.post("/auth/token")
    def token() -> dict[str, str]:
        return {"access_token": "of the tests"}

    @app.get("/api/v2/dags/weekly_briefing/dagRuns/~/hitlDetails")
    def questions(body_search: str) -> dict[str, list[Any]]:
        is_open = body_search == VERDICT.fingerprint and not taken
        return {"hitl_details": [{"task_instance": TASK}] if is_open else []}

    @app.patch("/api/v2/dags/weekly_briefing/dagRuns/monday/taskInstances/edition.approve/3/hitlDetails")
    def take(body: dict[str, Any]) -> dict[str, Any]:
        if next(failures, None) is not None:
            raise HTTPException(500, {"reason": "Database error"})
        taken.append(body)
        return body

    return app


def connection(port: int) -> Connection:
    return Connection(conn_id="airflow_api", conn_type="http", host="127.0.0.1", port=port, login="li", password="x")


def test_an_answer_is_given_once_however_often_the_database_was_busy() -> None:
    taken: list[dict[str, Any]] = []
    with serving(airflow(2, taken)) as port:
        assert answer(connection(port), VERDICT, True, "核实无误") is True
        assert taken == [{"chosen_options": [APPROVE], "params_input": {"reason": "核实无误"}}]
        assert answer(connection(port), VERDICT, True, "核实无误") is False, "nothing is asked any more"


def test_an_airflow_that_never_takes_it_is_named() -> None:
    taken: list[dict[str, Any]] = []
    with serving(airflow(ATTEMPTS, taken)) as port, pytest.raises(AirflowUnreachable, match="did not take the answer"):
        answer(connection(port), VERDICT, True, "核实无误")
    assert taken == []
