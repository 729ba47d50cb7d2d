"""Before readers see a build: nothing lost on the way from landing, and the marts as their stewards expect them."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from worker_services.audit import ledger
from worker_services.audit.protected import is_named, named
from worker_services.contracts import contract_feeds
from worker_services.files import write_json
from worker_services.quality.suites import CheckResult, validate_build
from worker_services.settings import Settings
from worker_services.warehouse.build import BuildFailed
from worker_services.warehouse.publish import build_path, changing, read_record, record_path

ACTION = "warehouse.audit"


@dataclass(frozen=True)
class AuditResult:
    """What the audit of a build found. A build with anything in `critical` is not published."""

    build_id: str
    checks: int
    critical: list[str]
    warnings: list[str]


def audit(settings: Settings, build_id: str) -> AuditResult:
    """Check a build and write the verdict into its record. Raises BuildFailed when it must not be published."""
    read_record(settings, build_id)  # raises for a build that is not there
    path = build_path(settings, build_id)
    lost = _reconcile(str(path))
    results = validate_build(settings, path)
    bad = [result for result in results if result.status != "passed"]
    found = AuditResult(
        build_id=build_id,
        checks=len(results) + len(contract_feeds()),
        critical=lost + [_line(item) for item in bad if item.severity == "critical" or item.status == "error"],
        warnings=_outlived(str(path))
        + [_line(item) for item in bad if item.severity == "warning" and item.status == "failed"],
    )
    verdict = {
        "passed": not found.critical,
        "checks": found.checks,
        "critical": found.critical,
        "warnings": found.warnings,
    }
    with changing(settings):
        record = read_record(settings, build_id)
        written = (record_path(settings, build_id), settings.quality / "builds" / f"{build_id}.json")
        if record.get("audit") != verdict or not is_named(settings, ACTION, build_id, written[0]):
            write_json(written[0], record | {"audit": verdict})
            files = named(settings, filter(Path.exists, written))
            details = {"passed": not found.critical, "files": files}
            ledger.append(settings, settings.actor, ACTION, build_id, details)
    if found.critical:
        raise BuildFailed(f"{build_id} is held back: " + "; ".join(found.critical))
    return found


def _reconcile(path: str) -> list[str]:
    """Feeds whose rows in the build do not equal what their manifests say was accepted."""
    lost = []
    with duckdb.connect(path, read_only=True) as database:
        for feed in contract_feeds():
            rows, accepted = database.execute(
                f"""
                select
                    (select count(*) from landing."{feed}"),
                    (select coalesce(sum(rows_accepted), 0) from landing.batches where feed = $feed)
                    - (select coalesce(sum(rows), 0) from landing.dropped_rows where feed = $feed)
                """,
                {"feed": feed},
            ).fetchall()[0]
            if rows != accepted:
                lost.append(f"{feed}: {rows} rows in the build, {accepted} in the manifests, corrections left out")
    return lost


def _outlived(path: str) -> list[str]:
    """Corrections whose source has been mended since."""
    with duckdb.connect(path, read_only=True) as database:
        rows = database.execute("select id from landing.corrections where not is_needed order by id").fetchall()
    return [f"correction {name}: the source no longer says what it corrects; take it out" for (name,) in rows]


def _line(result: CheckResult) -> str:
    return f"{result.check_id} ({result.status}): {result.message_zh}"
