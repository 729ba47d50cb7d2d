"""`bin/demo`: from nothing to a briefing. Simulated partners, Airflow, a year's history, two nights, one week."""

import argparse
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from functools import partial
from pathlib import Path
from types import FrameType

import pyrage
from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

import simulators
from simulators.airflow_instance import LOGIN, Airflow, AirflowFailure, TaskState, running_airflow
from simulators.control import write_environment
from worker_services.intervals import SHANGHAI, Interval, Week
from worker_services.mailing.config import APPROVE
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse.publish import current

INGEST = ("ingest_health", "ingest_employment", "ingest_rights", "ingest_hardship", "ingest_leadership")
DAGS = {*INGEST, "build_warehouse", "weekly_briefing"}
SECONDS_BEFORE_AN_ANSWER = 10  # Airflow loses an answer that comes within a second or two of its question


class DemoFailure(Exception):
    """The demo cannot go on; says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What the demo runs: the history up to the last days of a week, those as nights, then the briefing.

    `editions` are those of the briefing that are made, as config/briefing.yaml names them; none: all.
    """

    week: Week
    first_day: date
    count_of_nights: int = 2
    editions: tuple[str, ...] = ()

    @property
    def nights(self) -> list[Interval]:
        days = [self.week.end - timedelta(days=back) for back in reversed(range(self.count_of_nights))]
        return [Interval(day, day + timedelta(days=1)) for day in days]

    @property
    def history(self) -> Interval:
        return Interval(self.first_day, self.nights[0].start)

    @property
    def intervals(self) -> list[Interval]:
        return [self.history, *self.nights]


@dataclass(frozen=True)
class Place:
    """Where a demo keeps its data, its reports, its secrets and its Airflow."""

    settings: Settings
    state: Path
    airflow_home: Path


@dataclass
class Progress:
    """What is shown while the demo runs, and how long each step took (seconds)."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """One step, with a line when it is done; what is said meanwhile shows on a terminal only."""
        said = [""]
        started = time.monotonic()
        if not self.console.is_terminal:
            self.console.print(f"… {name}", highlight=False)
        try:
            with self.console.status(name) as status:

                def say(text: str) -> None:
                    said[0] = text
                    status.update(f"{name} · {text}")

                yield say
        except BaseException:
            self.console.print(f"[red]✗[/] {name} · {said[0]}", highlight=False)
            raise
        self.seconds[name] = time.monotonic() - started
        self.console.print(
            f"[green]✓[/] {name} · {said[0]} [dim]{self.seconds[name]:.1f} s[/]", highlight=False, soft_wrap=True
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("--week", type=Week.parse, default=Week(2025, 43), help="week to brief (default 2025-W43)")
    parser.add_argument("--keep-running", action="store_true", help="leave Airflow and the partners up until ^C")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    place = Place(Settings.load(), PROJECT_ROOT / ".demo", PROJECT_ROOT / ".airflow")
    place.state.mkdir(mode=0o700, exist_ok=True)
    try:
        with FileLock(place.state / "lock", timeout=0):
            run(Plan(arguments.week, date(arguments.week.year, 1, 1)), place, console, arguments.keep_running)
    except Timeout:
        console.print("[red]Another bin/demo is running in this folder.[/]")
        return 1
    except (DemoFailure, AirflowFailure, RuntimeError) as failure:
        console.print(str(failure), markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130
    return 0


def run(plan: Plan, place: Place, console: Console, keep_running: bool = False) -> None:
    """The whole demo. Raises DemoFailure or AirflowFailure; on return or raise nothing is left running."""
    started = time.monotonic()
    settings = place.settings
    claim(settings, plan)
    known = demo_secrets(place.state)
    progress = Progress(console)
    by_hand = place.state / "environment"
    with contextlib.ExitStack() as stack:
        stack.callback(by_hand.unlink, missing_ok=True)
        with progress.step("Start the partners and Airflow") as say:

            def credentials() -> dict[str, str]:  # asked for while the first of Airflow's processes start
                partners = stack.enter_context(simulators.running(deliver=map(str, plan.intervals)))
                variables = {
                    **partners.connections,
                    "AIRFLOW_VAR_WORKER_KEY_SECRET": known["worker_key_secret"],
                    "AIRFLOW_VAR_VAULT_IDENTITY": known["vault_identity"],
                    "AIRFLOW_VAR_LEDGER_SIGNING_KEY": known["ledger_signing_key"],
                }
                write_environment(by_hand, variables)
                return variables

            environment = {
                "WORKER_SERVICES_DATA_ROOT": str(settings.data_root),
                "WORKER_SERVICES_REPORTS_ROOT": str(settings.reports_root),
                "WORKER_SERVICES_RETRY_SECONDS": "3",
            }
            airflow = stack.enter_context(
                running_airflow(place.airflow_home, DAGS, known["airflow_password"], environment, credentials)
            )
            say(airflow.url)
        ingest(airflow, progress, f"History {plan.history}", plan.history, is_history=True)
        build(airflow, progress, settings, plan.history.last_day)
        for night in plan.nights:
            ingest(airflow, progress, f"Night of {night.last_day}", night)
            build(airflow, progress, settings, night.last_day)
        brief(airflow, progress, settings, plan)
        console.print(made(place, plan, progress, time.monotonic() - started))
        if keep_running:
            console.print(
                f"Airflow: {airflow.url}  login {LOGIN}  password {known['airflow_password']}\n"
                "Schedules are off: what runs is what you trigger. ^C stops everything.\n"
                f"By hand, in another shell: . .venv/bin/activate; . {_shown(by_hand)}; worker-services partner list",
                highlight=False,
            )
            while True:
                airflow.check_alive()
                time.sleep(1)


def ingest(airflow: Airflow, progress: Progress, name: str, interval: Interval, *, is_history: bool = False) -> None:
    """Run the three ingest DAGs beside each other for an interval."""
    with progress.step(name) as say:
        run_id = f"{'history' if is_history else 'night'}__{interval.start}__{interval.end}"
        if is_history:
            conf, logical_date, data_interval = {"interval": str(interval)}, None, None
        else:
            end = datetime.combine(interval.end, hour(2, 30), SHANGHAI)
            logical_date, data_interval, conf = end - timedelta(days=1), (end - timedelta(days=1), end), {}
        for dag_id in INGEST:
            airflow.run(dag_id, run_id, logical_date=logical_date, data_interval=data_interval, conf=conf)
        outcomes: Counter[str] = Counter()
        for dag_id in INGEST:
            tasks = airflow.wait(dag_id, run_id, watch=partial(_show_tasks, say))
            outcomes.update(airflow.result(dag_id, run_id, task) for task in tasks if task.task_id == "ingest")
        say(f"{outcomes.total()} batches: " + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))


def build(airflow: Airflow, progress: Progress, settings: Settings, day: date) -> None:
    """Run build_warehouse. Its run is new each time, since a run sees what had landed by its own time."""
    with progress.step(f"Warehouse after {day}") as say:
        before = current(settings)
        run_id = f"demo__{day}__{datetime.now(UTC):%Y%m%dT%H%M%S}"
        airflow.run("build_warehouse", run_id, conf={"day": str(day)})
        airflow.wait("build_warehouse", run_id, watch=partial(_show_tasks, say))
        after = current(settings)
        if after is None:
            raise DemoFailure("build_warehouse succeeded, but no build is published")
        is_new = before is None or before.build_id != after.build_id
        say(f"published {after.build_id}" if is_new else f"nothing new; {after.build_id} stands")


def brief(airflow: Airflow, progress: Progress, settings: Settings, plan: Plan) -> None:
    """Run weekly_briefing as the Monday after the week runs it."""
    week = plan.week
    with progress.step(f"Briefing of {week}") as say:
        before = mails(settings)
        end = datetime.combine(week.end + timedelta(days=1), hour(7), SHANGHAI)
        run_id = f"week__{week}"
        start = end - timedelta(days=7)
        conf = {"editions": list(plan.editions)} if plan.editions else {}
        airflow.run("weekly_briefing", run_id, logical_date=start, data_interval=(start, end), conf=conf)
        asked: dict[int, float] = {}

        def watch(tasks: list[TaskState]) -> None:
            _show_tasks(say, tasks)
            busy = {task.state for task in tasks} - {"success", "skipped", "waiting", "awaiting_input"}
            if busy or all(task.state != "awaiting_input" for task in tasks):
                return  # Airflow on SQLite stalls when it is answered while tasks report to it
            for question in airflow.questions("weekly_briefing", run_id):
                since = asked.setdefault(question["task_instance"]["map_index"], time.monotonic())
                if time.monotonic() - since > SECONDS_BEFORE_AN_ANSWER:
                    airflow.answer(question, APPROVE, "演示数据，供查看")

        airflow.wait("weekly_briefing", run_id, watch=watch)
        new = len(mails(settings)) - len(before)
        said = f"rendered, every figure verified, {len(asked)} editions approved by the demo's user, {new} new mail"
        say(said + ("" if new else " (sent before, so not again)"))


def claim(settings: Settings, plan: Plan) -> None:
    """Mark the data root as this demo's. Raises DemoFailure when other data lies there."""
    marker = settings.data_root / "DEMO"
    content = f"the synthetic data of bin/demo --week {plan.week}\n"
    if marker.exists():
        found = marker.read_text(encoding="utf-8")
        if found != content:
            raise DemoFailure(
                f"{settings.data_root} holds {found.strip()}. Move it away, or set WORKER_SERVICES_DATA_ROOT"
                " and WORKER_SERVICES_REPORTS_ROOT to other folders."
            )
        return
    if settings.data_root.exists() and any(settings.data_root.iterdir()):
        raise DemoFailure(
            f"{settings.data_root} holds data that is not the demo's. Set WORKER_SERVICES_DATA_ROOT and"
            " WORKER_SERVICES_REPORTS_ROOT to other folders."
        )
    settings.data_root.mkdir(parents=True, exist_ok=True)
    marker.write_text(content, encoding="utf-8")


def demo_secrets(state: Path) -> dict[str, str]:
    """The demo's own secrets, made once: without them a second run could not know the first one's rows."""
    path = state / "secrets.json"
    known = dict(json.loads(path.read_text())) if path.exists() else {}
    made = {
        "worker_key_secret": secrets.token_hex(32),
        "vault_identity": str(pyrage.x25519.Identity.generate()),
        "ledger_signing_key": secrets.token_hex(32),
        "airflow_password": secrets.token_urlsafe(12),
    }
    if made.keys() - known.keys():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(known := made | known, file)
    return known


def mails(settings: Settings) -> list[Path]:
    return sorted((settings.reports_root / "outbox").glob("*.eml"))


def made(place: Place, plan: Plan, progress: Progress, total: float) -> Table:
    """What the demo made and where, and where the time went."""
    settings = place.settings
    build = current(settings)
    table = Table(title=f"What bin/demo made in {total:.0f} s", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    briefing = settings.reports_root / "briefings" / str(plan.week)
    editions = len(list(briefing.glob("*.pdf")))
    table.add_row("Briefing", f"{_shown(briefing / 'city.pdf')}, for phones city.html; {editions} editions in all")
    table.add_row("Its figures", f"{_shown(briefing / 'city.figures.json')}, .csv")
    notices = [mail for mail in mails(settings) if mail.name.startswith("notice_")]
    issues = [mail for mail in mails(settings) if mail.name.startswith(f"{plan.week}_")]
    if issues:
        table.add_row("Mails", f"{len(issues)} of the briefing: {_shown(issues[0].parent)}/{plan.week}_*.eml")
    if notices:
        folder = _shown(notices[0].parent)
        table.add_row("Notices", f"{len(notices)} to partners whose delivery was not used whole: {folder}/notice_*.eml")
    table.add_row("Quality report", _shown(settings.reports_root / "quality" / str(plan.week.end) / "index.html"))
    table.add_row("Warehouse", _shown(build.path) if build else "none")
    table.add_row("Landing", _shown(settings.landing))
    table.add_row("Airflow", "bin/demo --keep-running leaves it up; logs in " + _shown(place.airflow_home / "logs"))
    table.add_section()
    for name, seconds in progress.seconds.items():
        table.add_row(name, f"{seconds:.1f} s")
    return table


def _shown(path: Path) -> str:
    """A path as one types it from here."""
    if not path.exists():
        raise DemoFailure(f"{path} ought to be there, and is not")
    return os.path.relpath(path)


def _show_tasks(say: Callable[[str], None], tasks: list[TaskState]) -> None:
    done = sum(task.state in ("success", "skipped") for task in tasks)
    busy = ", ".join(task.name for task in tasks if task.state not in ("success", "skipped", "waiting"))
    say(f"{done}/{len(tasks)} {busy}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
