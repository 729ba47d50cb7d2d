"""One run of dbt to a new warehouse file, from what had landed by the as-of time."""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from worker_services import __version__
from worker_services.files import write_json
from worker_services.intervals import utc_now
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import landing_schema
from worker_services.warehouse.landing_schema import Known
from worker_services.warehouse.publish import current as published_build

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
DBT_SOURCES = ("models", "seeds", "macros", "tests")
SOURCES = (*(f"dbt_project/{folder}" for folder in DBT_SOURCES), "partners", "expectations")
FREE_SPACE_FACTOR = 4  # a full disk keeps what is committed, but leaves a file that never shrinks: look first


class BuildFailed(Exception):
    """The build must not be published; says which models or tests failed."""


@dataclass(frozen=True)
class BuildResult:
    """A build. `is_new` is False when the same inputs had been built before, for readers or for the same moment."""

    build_id: str
    path: Path
    as_of: datetime
    is_new: bool
    batches: int
    dbt: dict[str, int]


def build(settings: Settings, as_of: datetime) -> BuildResult:
    """Make a build of what had landed by `as_of` (time zone aware). Raises BuildFailed; readers notice nothing."""
    settings.builds.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.warehouse / ".build.lock"):
        known = landing_schema.known_by(settings, as_of)
        fingerprint = _fingerprint(settings, known)
        current = published_build(settings)
        if current and current.input_fingerprint == fingerprint:
            return _made_before(settings, current.build_id)
        build_id = f"build_{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}_{fingerprint[:8]}"
        if record_path(settings, build_id).exists():
            return _made_before(settings, build_id)
        _require_space(settings, known)
        # Always the same working file: dbt takes another path for another project and would parse all of it again.
        working = settings.warehouse / "dbt" / "warehouse.duckdb"
        working.parent.mkdir(exist_ok=True)
        _remove(working)  # of a run that was killed
        try:
            landing_schema.write(working, settings, known, build_id, as_of)
            dbt = _run_dbt(settings, working)
        except duckdb.Error as error:
            raise BuildFailed(f"a landing file cannot be read: {error}") from error
        else:
            path = settings.builds / f"{build_id}.duckdb"
            working.replace(path)
        finally:
            _remove(working)
        write_json(
            record_path(settings, build_id),
            {
                "build_id": build_id,
                "as_of": as_of.astimezone(UTC).isoformat(),
                "built_at": utc_now().isoformat(),
                "code_version": __version__,
                "input_fingerprint": fingerprint,
                "batches": [item.batch_id for item in known.batches],
                "dbt": dbt,
            },
        )
    return BuildResult(build_id, path, as_of, True, len(known.batches), dbt)


def _made_before(settings: Settings, build_id: str) -> BuildResult:
    record = read_record(settings, build_id)
    return BuildResult(
        build_id=build_id,
        path=settings.builds / f"{build_id}.duckdb",
        as_of=datetime.fromisoformat(record["as_of"]),
        is_new=False,
        batches=len(record["batches"]),
        dbt=record["dbt"],
    )


def record_path(settings: Settings, build_id: str) -> Path:
    return settings.builds / f"{build_id}.json"


def read_record(settings: Settings, build_id: str) -> dict[str, Any]:
    """What was written about a build when it was made. Raises FileNotFoundError."""
    return dict(json.loads(record_path(settings, build_id).read_text(encoding="utf-8")))


def _fingerprint(settings: Settings, known: Known) -> str:
    """SHA-256 over everything that decides what a build says, but for the moment at which it is made."""
    digest = hashlib.sha256(f"{__version__} {settings.is_demo}\n".encode())
    for item in known.batches:
        digest.update(f"{item.batch_id} {item.parquet_sha256}\n".encode())
    for outcome in known.outcomes:
        digest.update(f"{outcome.partner} {outcome.feed} {outcome.interval} {outcome.recorded_at}\n".encode())
    for folder in SOURCES:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()


def _require_space(settings: Settings, known: Known) -> None:
    landed = sum(item.raw_bytes for item in known.batches)
    free = shutil.disk_usage(settings.builds).free
    if free < FREE_SPACE_FACTOR * landed:
        raise BuildFailed(
            f"{free} bytes are free at {settings.builds}; a build of {landed} landed bytes needs four times"
        )


def _run_dbt(settings: Settings, path: Path) -> dict[str, int]:
    """Run seeds, models and data tests in one dbt process. Returns how many of each there were."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = ["build", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    arguments += ["--exclude-resource-type", "unit_test", "--quiet"]
    arguments += ["--target-path", str(settings.warehouse / "dbt" / "target")]
    arguments += ["--log-path", str(settings.warehouse / "dbt" / "logs")]
    with _environment(WAREHOUSE_PATH=str(path)):
        try:
            result = dbtRunner().invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if result.exception:
        raise BuildFailed(f"dbt could not run: {result.exception}") from result.exception
    run = json.loads((settings.warehouse / "dbt" / "target" / "run_results.json").read_text(encoding="utf-8"))
    failed = [node for node in run["results"] if node["status"] in ("error", "fail", "runtime error")]
    if failed:
        raise BuildFailed("dbt: " + "; ".join(f"{node['unique_id']}: {node['message']}" for node in failed))
    counts = Counter(node["unique_id"].split(".")[0] for node in run["results"])
    if not counts["model"] or not counts["test"]:
        raise BuildFailed("dbt ran no model or no test: a build without either says nothing")
    return dict(sorted(counts.items()))


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
