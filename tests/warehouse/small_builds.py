"""Builds that are quick to make: files with one table that tells builds apart, and a dbt project of two models."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from worker_services.files import write_json
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse.publish import build_path, current, record_path

ROWS = 100_000
NOON = datetime(2025, 10, 27, 12, tzinfo=UTC)
PROJECT = {
    "dbt_project.yml": """
name: worker_services
version: "1.0.0"
profile: worker_services
config-version: 2
model-paths: [models]
macro-paths: [macros]
models:
  +materialized: table
  +schema: marts
""",
    "models/answer.sql": f"""
select build.build_id, numbers.range as number, md5(numbers.range::varchar) as text
from {{{{ source('landing', 'build') }}}} as build cross join range({ROWS}) as numbers
""",
    "models/more.sql": "select * from {{ ref('answer') }} order by text",
    "models/models.yml": """
sources:
  - name: landing
    tables: [{name: build}]
models:
  - name: answer
    columns: [{name: number, data_tests: [unique, not_null]}]
  - name: more
    columns: [{name: number, data_tests: [unique, not_null]}]
""",
}


def write_project(folder: Path) -> Path:
    """A dbt project that makes marts.answer: ROWS rows that each name the build. Seconds, not minutes."""
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(PROJECT_ROOT / "dbt_project" / "profiles.yml", folder)
    (folder / "macros").mkdir(exist_ok=True)
    shutil.copy(PROJECT_ROOT / "dbt_project" / "macros" / "generate_schema_name.sql", folder / "macros")
    return folder


def make_build(settings: Settings, number: int, *, is_audited: bool = True, rows: int = 1000) -> str:
    """A build as `warehouse build` and `audit` leave it, without dbt. Returns its id."""
    build_id = f"build_{number:03}"
    settings.builds.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(build_path(settings, build_id))) as database:
        database.execute("create schema landing; create schema marts")
        database.execute(f"create table landing.build as select '{build_id}' as build_id")
        database.execute(f"create table marts.answer as select '{build_id}' as build_id from range({rows})")
    write_json(
        record_path(settings, build_id),
        {
            "build_id": build_id,
            "as_of": (NOON + timedelta(days=number)).isoformat(),
            "built_at": (NOON + timedelta(days=number, minutes=5)).isoformat(),
            "input_fingerprint": f"inputs of {build_id}",
            "batches": [f"batch-{number}"],
            "audit": {"passed": is_audited},
        },
    )
    return build_id


def answer(path: Path) -> tuple[str, int]:
    """What readers get from a build: the one id that stands in every row, and how many rows there are."""
    with duckdb.connect(str(path), read_only=True) as database:
        [(first, last, rows)] = database.execute(
            "select min(build_id), max(build_id), count(*) from marts.answer"
        ).fetchall()
    assert first == last, f"{path.name} holds rows of two builds"
    return first, rows


def readers_see(settings: Settings) -> tuple[str, int]:
    """What readers get now."""
    published = current(settings)
    assert published is not None
    return answer(published.path)


def fork(work: Callable[[], object]) -> int:
    """Run in a process of its own, which ends with 0, or with 1 after an exception. Returns its id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)


def kill(child: int) -> bool:
    """Kill a process. Returns whether it was still at work; raises when it had failed by itself."""
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError("the process had ended with an error before it was killed")
    return os.WIFSIGNALED(status)
