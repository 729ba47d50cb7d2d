"""One run of dbt to a new warehouse file, from what had landed by the as-of time."""

import hashlib
import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
from filelock import FileLock

from worker_services import __version__
from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.files import NO_SPACE, sync, write_json
from worker_services.intervals import utc_now
from worker_services.landing import corrections
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import base, landing_schema, parsed, provenance
from worker_services.warehouse.base import Base
from worker_services.warehouse.landing_schema import Known
from worker_services.warehouse.publish import build_path, clear_leftovers, read_record, record_path
from worker_services.warehouse.publish import current as published_build

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
# A full disk keeps what is committed, but leaves a file that never shrinks: look first.
FIRST_BUILD_FACTOR = 4  # of the landed raw bytes, while no build says what they come to
NEXT_BUILD_FACTOR = 2  # of the last build: rows that are replaced while it is made, and what does not fit in memory
MIB = 2**20
BASE = "base.duckdb"  # beside the working file: the build that an incremental one goes on from, always by this name


class BuildFailed(Exception):
    """There is no build, or it must not be published; says which models or tests failed, or what else to mend."""


@dataclass(frozen=True)
class BuildResult:
    """A build. `is_new` is False when the same inputs had been built before, for readers or for the same moment.

    The build of inputs whose build was withdrawn by a rollback is that one: it is not made again. `incremental_from` is
    the build that this one went on from, None after a full refresh: it holds the same either way.
    """

    build_id: str
    path: Path
    as_of: datetime
    is_new: bool
    incremental_from: str | None
    batches: int
    dbt: dict[str, int]


def build(settings: Settings, as_of: datetime, *, full_refresh: bool = False) -> BuildResult:
    """Make a build of what had landed by `as_of` (time zone aware). Raises BuildFailed; readers notice nothing.

    It is incremental where it can be: it goes on from the published build and looks only at what has changed since.
    """
    as_of = as_of.astimezone(UTC)
    settings.builds.mkdir(parents=True, exist_ok=True)
    ledger.require_key(settings)
    with FileLock(settings.warehouse / ".build.lock"):
        # Always the same working file: relations of a build are named after it.
        working = settings.warehouse / "dbt" / "warehouse.duckdb"
        for path in (working, working.with_name(BASE)):
            _remove(path)  # of a run that was killed
        clear_leftovers(settings)
        corrections.enter_changes(settings)
        known = landing_schema.known_by(settings, as_of)
        code_fingerprint = _code_fingerprint(settings)
        fingerprint = _fingerprint(code_fingerprint, known)
        current = published_build(settings)
        if current:
            settled = {read_record(settings, item)["input_fingerprint"]: item for item in current.withdrawn}
            settled[current.input_fingerprint] = current.build_id
            if fingerprint in settled:
                return _made_before(settings, settled[fingerprint])
        build_id = f"build_{as_of:%Y%m%dT%H%M%SZ}_{fingerprint[:8]}"
        if record_path(settings, build_id).exists():
            return _made_before(settings, build_id)
        landed_bytes = sum(item.raw_bytes for item in known.batches)
        _require_space(settings, landed_bytes)
        path = build_path(settings, build_id)
        from_base = None if full_refresh else base.find(settings, known.batches, as_of, code_fingerprint)
        try:
            working.parent.mkdir(exist_ok=True)
            if from_base:
                shutil.copyfile(from_base.path, working)
            landing_schema.write(working, settings, known, build_id, as_of, from_base)
            dbt = _run_dbt(settings, build_id, working, from_base, code_fingerprint)
            sync(working)
            working.replace(path)
            write_json(
                record_path(settings, build_id),
                {
                    "build_id": build_id,
                    "as_of": as_of.isoformat(),
                    "built_at": utc_now().isoformat(),
                    "code_version": __version__,
                    "packages": provenance.packages(),
                    "input_fingerprint": fingerprint,
                    "code_fingerprint": code_fingerprint,
                    "incremental_from": from_base.build_id if from_base else None,
                    "builds_since_full_refresh": from_base.builds_since_full_refresh + 1 if from_base else 0,
                    "batches": [item.batch_id for item in known.batches],
                    "landed_bytes": landed_bytes,
                    "build_bytes": path.stat().st_size,
                    "dbt": dbt,
                },
            )
        except (duckdb.Error, OSError, BuildFailed) as error:
            if _is_full_disk(error):
                raise BuildFailed(_full_disk(settings, "the build could not be written")) from error
            if isinstance(error, duckdb.Error):
                raise BuildFailed(f"a landing file cannot be read: {error}") from error
            raise
        finally:
            _remove(working)
            if not record_path(settings, build_id).exists():
                path.unlink(missing_ok=True)
        _enter(settings, build_id)
    incremental_from = from_base.build_id if from_base else None
    return BuildResult(build_id, path, as_of, True, incremental_from, len(known.batches), dbt)


def _enter(settings: Settings, build_id: str) -> None:
    """Enter a build in the ledger, once; also that of a run that was killed before it came to it."""
    if not is_named(settings, "warehouse.build", build_id, build_path(settings, build_id)):
        made = read_record(settings, build_id)
        files = [*settings.builds.glob(f"{build_id}.*"), provenance.path(settings, made["code_fingerprint"])]
        details = {"as_of": made["as_of"], "files": named(settings, sorted(filter(Path.exists, files)))}
        ledger.append(settings, settings.actor, "warehouse.build", build_id, details)


def _made_before(settings: Settings, build_id: str) -> BuildResult:
    _enter(settings, build_id)
    record = read_record(settings, build_id)
    return BuildResult(
        build_id=build_id,
        path=settings.builds / f"{build_id}.duckdb",
        as_of=datetime.fromisoformat(record["as_of"]),
        is_new=False,
        incremental_from=record.get("incremental_from"),
        batches=len(record["batches"]),
        dbt=record["dbt"],
    )


def _fingerprint(code_fingerprint: str, known: Known) -> str:
    """SHA-256 over everything that decides what a build says of the services, but for the moment at which it is made.

    What was printed is no part of it: printed figures can only differ once something else has changed.
    """
    digest = hashlib.sha256(f"{code_fingerprint}\n".encode())
    for item in known.batches:
        digest.update(f"{item.batch_id} {item.parquet_sha256}\n".encode())
    for *_, outcome in known.outcomes:
        digest.update(f"{outcome.partner} {outcome.feed} {outcome.interval} {outcome.recorded_at}\n".encode())
    return digest.hexdigest()


def _code_fingerprint(settings: Settings) -> str:
    """SHA-256 over what a build is made by: models, seeds, partners, contracts, corrections, and the engines."""
    engines = f"{version('duckdb')} {version('dbt-core')} {version('dbt-duckdb')}"
    digest = hashlib.sha256(f"{__version__} {engines} {settings.is_demo}\n".encode())
    for path, sha256 in provenance.source_files(*provenance.SOURCES).items():
        digest.update(f"{path} {sha256}\n".encode())
    return digest.hexdigest()


def _require_space(settings: Settings, landed_bytes: int) -> None:
    """Raises BuildFailed when the disk will not hold the build: judged by the last one, grown as landing has."""
    made = [read_record(settings, path.stem) for path in settings.builds.glob("*.json")]
    needed = FIRST_BUILD_FACTOR * landed_bytes
    if measured := [record for record in made if record.get("build_bytes")]:
        last = max(measured, key=lambda record: str(record["built_at"]))
        grown = max(1.0, landed_bytes / last["landed_bytes"]) if last["landed_bytes"] else 1.0
        needed = math.ceil(NEXT_BUILD_FACTOR * grown * last["build_bytes"])
    free = shutil.disk_usage(settings.builds).free
    if free < needed:
        raise BuildFailed(_full_disk(settings, f"the build will need some {needed / MIB:,.0f} MiB"))


def _is_full_disk(error: Exception) -> bool:
    """Also where DuckDB or dbt only pass on in words what the operating system said."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return True
    return any(os.strerror(code) in str(error) for code in NO_SPACE)


def _full_disk(settings: Settings, what: str) -> str:
    free = shutil.disk_usage(settings.builds).free
    standing = published_build(settings)
    return (
        f"{what}, and {settings.warehouse} has {free / MIB:,.0f} MiB free: make room there (old reports, other data; "
        "never landing, vault or ledger) and build again; what was written of the build is removed, readers see "
        f"{standing.build_id if standing else 'no build yet'} as before"
    )


def _run_dbt(
    settings: Settings, build_id: str, path: Path, from_base: Base | None, code_fingerprint: str
) -> dict[str, int]:
    """Run seeds, models and data tests in one dbt process. Returns how many of each there were.

    On a base the seeds are left as they are, and so is what is kept of the code: a build goes on only from one that the
    same code has made.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from worker_services.warehouse import lineage_events

    target = settings.warehouse / "dbt" / "target"
    options = ["--quiet", "--log-level-file", "info", "--log-path", str(settings.warehouse / "dbt" / "logs")]
    options += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--target-path", str(target)]
    chosen = ["--exclude-resource-type", "unit_test"]
    if from_base:  # with the tests that ask of nothing but seeds
        chosen += ["--exclude", "resource_type:seed", "--indirect-selection", "cautious"]
    attached = path.with_name(BASE)
    if from_base:
        attached.hardlink_to(from_base.path)
    else:  # empty, and always there: the profile names it
        duckdb.connect(str(attached)).close()
    with _environment(WAREHOUSE_PATH=str(path), WAREHOUSE_BASE=str(attached)):
        try:
            project = parsed.manifest(parsed.path(settings, code_fingerprint), options)
            result = dbtRunner(manifest=project).invoke(["build", *options, *chosen])
        except parsed.ParseFailed as error:
            raise BuildFailed(str(error)) from error
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
            _remove(attached)
    if result.exception:
        raise BuildFailed(f"dbt could not run: {result.exception}") from result.exception
    run = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    if not provenance.path(settings, code_fingerprint).exists():
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        provenance.write(settings, code_fingerprint, __version__, manifest, path)
    lineage_events.emit(settings, build_id, provenance.read(settings, code_fingerprint), run["results"])
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
    """A DuckDB file with its write-ahead log and what it laid out of memory."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)
