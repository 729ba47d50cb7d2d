"""A real Airflow for the demo and the tests: SQLite, LocalExecutor, free loopback ports, nothing left behind."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import stamina

from simulators.guard import Guard, Program
from simulators.server_process import hold_port

PROJECT_ROOT = Path(__file__).resolve().parents[1]
CONFIG = PROJECT_ROOT / "config" / "airflow"
LOGIN = "admin"
START_SECONDS = 300.0
SECONDS_TO_ANSWER = 120


class AirflowFailure(Exception):
    """Airflow did not start, or a run did not succeed. The message ends with the log that says why."""


class DatabaseBusy(AirflowFailure):
    """SQLite takes one writer at a time, and gave up waiting for the others."""


@dataclass(frozen=True)
class TaskState:
    """One task of a run: its id with its mapped name, its state, and which try it is at."""

    task_id: str
    map_index: int
    name: str
    state: str
    try_number: int


@dataclass
class Airflow:
    """A started Airflow: where it is, how to log in, and what can be asked of it."""

    home: Path
    url: str
    password: str
    _guard: Guard
    _client: httpx.Client = field(repr=False)

    def run(
        self,
        dag_id: str,
        run_id: str,
        *,
        logical_date: datetime | None = None,
        data_interval: tuple[datetime, datetime] | None = None,
        conf: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a run, or the same run again when there is one by that id."""
        for attempt in stamina.retry_context(on=DatabaseBusy, attempts=8, timeout=None, wait_initial=1.0):
            with attempt:
                self._run(dag_id, run_id, logical_date, data_interval, conf)

    def _run(
        self,
        dag_id: str,
        run_id: str,
        logical_date: datetime | None,
        data_interval: tuple[datetime, datetime] | None,
        conf: Mapping[str, Any] | None,
    ) -> None:
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        if self._client.get(f"{path}/{run_id}").status_code == httpx.codes.OK:
            self._ask("POST", f"{path}/{run_id}/clear", {"dry_run": False})
            return
        start, end = data_interval or (None, None)
        self._ask(
            "POST",
            path,
            {
                "dag_run_id": run_id,
                "logical_date": _text(logical_date),
                "data_interval_start": _text(start),
                "data_interval_end": _text(end),
                "conf": dict(conf or {}),
            },
        )

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler make runs of a DAG, and run them."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False}, is_repeatable=True)

    def runs(self, dag_id: str) -> list[str]:
        """Ids of a DAG's runs, by their logical dates."""
        return [
            run["dag_run_id"]
            for run in self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=logical_date")["dag_runs"]
        ]

    def wait(
        self,
        dag_id: str,
        run_id: str,
        seconds: float = 1200,
        watch: Callable[[list[TaskState]], None] = lambda _: None,
    ) -> list[TaskState]:
        """Wait for a run's end, showing its tasks to `watch`. Raises AirflowFailure when it failed or is late."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"
        deadline = time.monotonic() + seconds
        while True:
            self.check_alive()
            state = self._ask("GET", path)["state"]
            tasks = self.tasks(dag_id, run_id)
            watch(tasks)
            if state == "success" and not tasks:  # so Airflow ends a run that lies before its DAG's start date
                raise AirflowFailure(f"{dag_id}, run {run_id}, had no task to run")
            if state == "success":
                return tasks
            if state == "failed":
                raise AirflowFailure(
                    f"{dag_id}, run {run_id}, failed\n" + "\n".join(self._why(dag_id, run_id, task) for task in tasks)
                )
            if time.monotonic() > deadline:
                raise AirflowFailure(f"{dag_id}, run {run_id}, is still {state} after {seconds:.0f} s")
            time.sleep(1)

    def questions(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """What a run waits for a person to answer, as Airflow's API has it."""
        found = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/hitlDetails?response_received=false")
        return [item for item in found["hitl_details"] if item["task_instance"]["state"] == "awaiting_input"]

    def answer(self, question: Mapping[str, Any], option: str, reason: str) -> None:
        """Answer a question, as the user who is logged in; once, however often it takes."""
        task = question["task_instance"]
        run, name = (
            f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}",
            f"{task['task_id']}/{task['map_index']}",
        )
        answered = {"chosen_options": [option], "params_input": {"reason": reason}}
        for attempt in stamina.retry_context(on=DatabaseBusy, attempts=8, timeout=None, wait_initial=1.0):
            with attempt:
                waiting = self.questions(task["dag_id"], task["dag_run_id"])
                if task["map_index"] in [item["task_instance"]["map_index"] for item in waiting]:
                    self._ask("PATCH", f"{run}/taskInstances/{name}/hitlDetails", answered)

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """The tasks of a run as they stand now."""
        found = self._ask("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
        return [
            TaskState(
                task_id=item["task_id"],
                map_index=item["map_index"],
                name=" ".join(filter(None, [item["task_id"], item["rendered_map_index"]])),
                state=item["state"] or "waiting",
                try_number=item["try_number"],
            )
            for item in found["task_instances"]
        ]

    def result(self, dag_id: str, run_id: str, task: TaskState) -> str:
        """What a task returned."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}/xcomEntries/return_value"
        return str(self._ask("GET", f"{path}?map_index={task.map_index}")["value"])

    def task_log(self, dag_id: str, run_id: str, task: TaskState, lines: int = 25) -> str:
        """The end of a task's newest log, one line an event."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task.task_id}"
        if task.map_index >= 0:
            folder /= f"map_index={task.map_index}"
        logs = sorted(folder.glob("attempt=*.log"), key=lambda path: path.stat().st_mtime)
        if not logs:
            return "(no log)"
        return "\n".join(_readable(line) for line in logs[-1].read_text(encoding="utf-8").splitlines()[-lines:])

    def check_alive(self) -> None:
        """Raise AirflowFailure when one of Airflow's processes has ended."""
        for name in self._guard.ended():
            log = self.home / "logs" / f"{name}.log"
            tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
            raise AirflowFailure(f"Airflow's {name} has stopped; the end of {log}:\n" + "\n".join(tail))

    def _why(self, dag_id: str, run_id: str, task: TaskState) -> str:
        if task.state != "failed":
            return f"  {task.name}: {task.state}"
        return f"  {task.name}: failed at try {task.try_number}\n" + self.task_log(dag_id, run_id, task)

    def _ask(self, method: str, path: str, body: Any = None, *, is_repeatable: bool = False) -> Any:
        """Ask Airflow. What only reads, or comes to the same twice, is asked again while its database is busy."""
        attempts = 8 if is_repeatable or method == "GET" else 1
        for attempt in stamina.retry_context(on=DatabaseBusy, attempts=attempts, timeout=None, wait_initial=0.5):
            with attempt:
                answer = self._ask_once(method, path, body)
        return answer

    def _ask_once(self, method: str, path: str, body: Any) -> Any:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            self.check_alive()
            raise AirflowFailure(f"{method} {path}: Airflow does not answer ({error})") from error
        if answer.is_error:
            what = f"{method} {path}: {answer.status_code} {answer.text}"
            raise DatabaseBusy(what) if "Database error" in answer.text else AirflowFailure(what)
        return answer.json()

    def _wait_ready(self, dags: set[str]) -> None:
        begun = datetime.now(UTC)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check_alive()
            if self._ready(dags, begun):
                return
            time.sleep(0.2)
        raise AirflowFailure(f"Airflow is not ready after {START_SECONDS:.0f} s; its logs are in {self.home / 'logs'}")

    def _ready(self, dags: set[str], begun: datetime) -> bool:
        with contextlib.suppress(httpx.TransportError):  # not up yet
            health = self._client.get("/api/v2/monitor/health").json()
            if any(health[part]["status"] != "healthy" for part in ("scheduler", "dag_processor")):
                return False
            if "Authorization" not in self._client.headers:
                login = {"username": LOGIN, "password": self.password}
                token = self._ask("POST", "/auth/token", login, is_repeatable=True)
                self._client.headers["Authorization"] = f"Bearer {token['access_token']}"
            for error in self._ask("GET", "/api/v2/importErrors")["import_errors"]:
                if datetime.fromisoformat(error["timestamp"]) > begun:  # an older one is of an earlier start
                    raise AirflowFailure(f"{error['filename']} cannot be imported:\n{error['stack_trace']}")
            return dags <= {dag["dag_id"] for dag in self._ask("GET", "/api/v2/dags?limit=100")["dags"]}
        return False

    def _abandon_unfinished(self) -> None:
        """Fail what an interrupted Airflow left running, so that it is not taken up beside new runs."""
        for state in ("running", "queued"):
            for run in self._ask("GET", f"/api/v2/dags/~/dagRuns?state={state}&limit=100")["dag_runs"]:
                path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
                self._ask("PATCH", path, {"state": "failed"}, is_repeatable=True)


@contextlib.contextmanager
def running_airflow(
    home: Path,
    dags: set[str],
    password: str,
    environment: Mapping[str, str],
    credentials: Callable[[], Mapping[str, str]],
) -> Iterator[Airflow]:
    """Start Airflow in `home` with the project's DAGs, and end all of it on leaving, however one leaves.

    `environment` is added to this process's own, for all of Airflow. `credentials` is asked, once, for what only tasks
    need: connections and variables (AIRFLOW_CONN_*, AIRFLOW_VAR_*). Returns once the DAGs named in `dags` can be run.
    Raises AirflowFailure.
    """
    (home / "logs").mkdir(parents=True, exist_ok=True)
    port = hold_port()
    settings = airflow_environment(home, port.number, password) | environment
    _migrate(home, settings)
    url = f"http://127.0.0.1:{port.number}"
    client = httpx.Client(base_url=url, trust_env=False, timeout=SECONDS_TO_ANSWER)
    with contextlib.closing(port), Guard() as guard, client:

        def start(component: str, settings: Mapping[str, str], *options: str) -> None:
            command = [sys.executable, "-m", "airflow", component, *options]
            guard.start(Program(component, command, settings, home / "logs" / f"{component}.log"))

        start("api-server", settings)
        start("dag-processor", settings)
        start("scheduler", settings | credentials(), "--skip-serve-logs")
        airflow = Airflow(home, url, password, guard, client)
        airflow._wait_ready(dags)
        airflow._abandon_unfinished()
        yield airflow


def airflow_environment(home: Path, port: int, password: str) -> dict[str, str]:
    """The whole environment of an Airflow process: this process's own, less any other Airflow's, and our settings."""
    passwords = home / "passwords.json"
    keys = home / "keys.json"
    if not keys.exists():
        _write_private(keys, {"fernet": _fernet_key(), "jwt": secrets.token_hex(32), "session": secrets.token_hex(32)})
    key = json.loads(keys.read_text())
    _write_private(passwords, {LOGIN: password})
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    return inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(CONFIG / "airflow.cfg"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(CONFIG), os.environ.get("PYTHONPATH")])),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only what is asked for runs
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__FERNET_KEY": key["fernet"],
        "AIRFLOW__API_AUTH__JWT_SECRET": key["jwt"],
        "AIRFLOW__API__SECRET_KEY": key["session"],
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _migrate(home: Path, settings: Mapping[str, str]) -> None:
    """Bring the metadata database to this Airflow's version, unless it is there already."""
    stamp = home / "migrated"
    wanted = version("apache-airflow-core")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=dict(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AirflowFailure(f"airflow db migrate failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    stamp.write_text(wanted)


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _write_private(path: Path, content: Mapping[str, str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(dict(content), file)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _readable(line: str) -> str:
    """A line of a task log as a person reads it: the event, and an exception's type, text and place."""
    try:
        event = json.loads(line)
    except ValueError:
        return f"    {line}"
    text = [f"    {event.get('event', line)}"]
    for error in event.get("error_detail") or []:
        text += [f"      {frame['filename']}:{frame['lineno']} in {frame['name']}" for frame in error["frames"][-6:]]
        text.append(f"      {error['exc_type']}: {error['exc_value']}")
    return "\n".join(text)
