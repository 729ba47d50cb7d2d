"""Runs the checks on a batch or on a warehouse build, and keeps what they found."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

from worker_services.briefing.language import N_
from worker_services.contracts import load_contract
from worker_services.files import write_json
from worker_services.intervals import Interval
from worker_services.landing import batches
from worker_services.quality import profiles
from worker_services.quality.checks import (
    EARLIER,
    REPLACED,
    BatchContext,
    Check,
    Dimension,
    NotApplicable,
    Severity,
    batch_checks,
    bind,
    build_checks,
    expected_text,
)
from worker_services.settings import Settings, partition
from worker_services.sql_literals import parquet_relation

Status = Literal["passed", "failed", "error"]
NOT_RUN = N_("检查未能执行：{fault}。这不说明数据对错，请数据组处理检查本身。")
USUAL_ROWS_WINDOW = timedelta(days=28)

# Counts only: neither values nor rows of the data get into a result.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `error` means that it could not run, which says nothing about the data."""

    check_id: str
    suite: str
    table: str | None
    what: str
    why: str
    dimension: Dimension
    severity: Severity
    figures: tuple[str, ...]
    owner: str
    status: Status
    expected: str
    observed: str
    message_zh: str


@dataclass(frozen=True)
class _Run:
    results: list[CheckResult]
    not_applicable: list[dict[str, str | None]]
    great_expectations: list[dict[str, Any]]


def suites_folder(settings: Settings) -> Path:
    return settings.project_root / "expectations" / "suites"


def validate_batch(settings: Settings, feed: str, parquet_path: Path, context: BatchContext) -> list[CheckResult]:
    """Check one batch, landed or about to land; write data/quality/feed=…/partner=…/date=…/<batch_id>.json.

    Its profile is left beside it. A `failed` result of severity `critical` means that the batch must not land. Raises
    SuiteError when the steward's file cannot be used.
    """
    stated = batch_checks(feed, suites_folder(settings))
    context, fault = _compared(settings, feed, parquet_path, context, stated)
    checks: list[Check] = []
    not_applicable: list[dict[str, str | None]] = []
    for check in stated:
        if check.figure and fault:
            continue
        try:
            checks.append(bind(check, context))
        except NotApplicable as reason:
            not_applicable.append(_not_applicable(check, str(reason)))
    run = _run({feed: parquet_relation(parquet_path)}, {feed: checks}, None)
    if fault:
        run.results.extend(_judge(check, None, fault) for check in stated if check.figure)
    document = {
        "batch_id": context.batch_id,
        "feed": feed,
        "partner": context.partner,
        "interval_start": context.interval.start.isoformat(),
        "interval_end": context.interval.end.isoformat(),
    }
    folder = partition(settings.quality, feed, context.partner, context.interval.last_day)
    if context.profile:
        failed = frozenset(result.check_id for result in run.results if result.status != "passed")
        profiles.write(folder, replace(context.profile, failed=failed))
    _write(folder / f"{context.batch_id}.json", document, run, not_applicable)
    return run.results


def results_of(settings: Settings, feed: str, partner: str, interval: Interval, batch_id: str) -> list[CheckResult]:
    """What `validate_batch` wrote of a batch. Raises FileNotFoundError."""
    path = partition(settings.quality, feed, partner, interval.last_day) / f"{batch_id}.json"
    checks = json.loads(path.read_text(encoding="utf-8"))["checks"]
    return [CheckResult(**item | {"figures": tuple(item["figures"])}) for item in checks]


def _compared(
    settings: Settings, feed: str, parquet_path: Path, context: BatchContext, checks: list[Check]
) -> tuple[BatchContext, str | None]:
    """The context with what the batch is compared with, and why it could not be measured if it could not."""
    contract, partner, interval = load_contract(feed), context.partner, context.interval
    first = min((check.figure.since(interval) for check in checks if check.figure), default=interval.start)
    try:
        profile = profiles.measure(contract, parquet_path, context.batch_id, interval)
        past = profiles.history(settings, feed, partner, first, interval.start)
    except duckdb.Error as error:
        return context, _shape(str(error))
    relations = {}
    if earlier := profiles.earlier_files(settings, contract, partner, interval):
        relations[EARLIER] = parquet_relation(*earlier)
    landed = batches.of_interval(settings, partner, feed, interval)
    if before := [item for item in landed if item.batch_id != context.batch_id]:
        relations[REPLACED] = parquet_relation(batches.parquet_path(settings, before[-1]))
    return replace(context, profile=profile, past=past, relations=relations), None


def validate_build(settings: Settings, build_path: Path) -> list[CheckResult]:
    """Check the marts of one build, opened read-only, and write data/quality/builds/<build_id>.json.

    Raises SuiteError when marts.yaml cannot be used, duckdb.Error when the file cannot be opened.
    """
    tables: dict[str, list[Check]] = {}
    for check in build_checks(suites_folder(settings)):
        tables.setdefault(str(check.table), []).append(check)
    relations = {table: f"select * from marts.{table}" for table in tables}
    run = _run(relations, tables, build_path)
    _write(settings.quality / "builds" / f"{build_path.stem}.json", {"build_id": build_path.stem}, run, [])
    return run.results


def overall(results: Iterable[CheckResult]) -> Literal["passed", "warning", "critical", "error"]:
    """The worst that a set of results says: error, then critical, then warning."""
    found = {
        "error" if result.status == "error" else result.severity for result in results if result.status != "passed"
    }
    for level in ("error", "critical", "warning"):
        if level in found:
            return level
    return "passed"


def usual_rows_per_day(settings: Settings, feed: str, partner: str, interval: Interval) -> float | None:
    """Accepted rows a day in the batches of the four weeks before the interval; None without such a batch.

    A batch that began earlier counts with all its days; of two batches for one interval the later one counts. A
    snapshot is as large for a night as for a year: the rows of the one before it, spread over the interval's days.
    """
    latest: dict[tuple[str, str], tuple[str, int]] = {}
    day = interval.start - USUAL_ROWS_WINDOW
    while day < interval.start:
        for path in partition(settings.landing, feed, partner, day).glob("*.json"):
            manifest = json.loads(path.read_text(encoding="utf-8"))
            if manifest["supplements"]:
                continue
            span = (manifest["interval_start"], manifest["interval_end"])
            landed = (manifest["landed_at"], manifest["rows_accepted"])
            latest[span] = max(landed, latest.get(span, landed))
        day += timedelta(days=1)
    if latest and load_contract(feed).delivery == "snapshot":
        _, _, rows = max((end, landed_at, rows) for (_, end), (landed_at, rows) in latest.items())
        return rows / (interval.end - interval.start).days
    days = sum((date.fromisoformat(end) - date.fromisoformat(start)).days for start, end in latest)
    return sum(rows for _, rows in latest.values()) / days if days else None


def _run(relations: dict[str, str], checks: Mapping[str, list[Check]], database: Path | None) -> _Run:
    from worker_services.quality.duckdb_datasource import open_relations

    found: list[CheckResult] = []
    not_applicable: list[dict[str, str | None]] = []
    documents: list[dict[str, Any]] = []
    row_counts = _row_counts(relations, database)
    with open_relations(relations, database) as batches:
        for name, batch in batches.items():
            applicable = []
            for check in checks[name]:
                reason = _reason_not_to_run(check, row_counts[name])
                if reason:
                    not_applicable.append(_not_applicable(check, reason))
                else:
                    applicable.append(check)
            results, document = _validate(name, batch, applicable)
            found += results
            documents.append(document)
    return _Run(found, not_applicable, documents)


def _validate(name: str, batch: Any, checks: list[Check]) -> tuple[list[CheckResult], dict[str, Any]]:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.registry import get_expectation_impl

    expectations = []
    unusable: dict[str, str] = {}
    for check in checks:
        try:
            implementation = get_expectation_impl(check.expectation)
            expectations.append(
                implementation(
                    **_arguments(check),
                    description=check.what,
                    severity=FailureSeverity(check.severity),
                    meta={"check_id": check.check_id},
                )
            )
        except (TypeError, ValueError) as error:
            unusable[check.check_id] = N_("{file} 中该检查的参数不可用：{fault}").format(
                file=f"{check.suite}.yaml", fault=_shape(str(error))
            )
    suite = ExpectationSuite(name=name, expectations=expectations)
    document = batch.validate(suite, result_format=RESULT_FORMAT).to_json_dict()
    raw = {item["expectation_config"]["meta"]["check_id"]: item for item in document["results"]}
    results = [_judge(check, raw.get(check.check_id), unusable.get(check.check_id)) for check in checks]
    ordered = [raw[check.check_id] for check in checks if check.check_id in raw]
    return results, _lasting(document, ordered, checks, results)


def _arguments(check: Check) -> dict[str, Any]:
    """The expectation's arguments; in a query `batch` is what is checked, which GX writes {batch}."""
    query = check.kwargs.get("unexpected_rows_query")
    if query is None:
        return dict(check.kwargs)
    beside = "".join(f", {name} as ({relation})" for name, relation in check.relations.items())
    escaped = f"{beside} {query}".replace("{", "{{").replace("}", "}}")
    return {"unexpected_rows_query": f"with batch as (select * from {{batch}}){escaped}"}


def _judge(check: Check, item: dict[str, Any] | None, unusable: str | None) -> CheckResult:
    fault = unusable or (item and _fault(item["exception_info"]))
    expected = check.expected or expected_text(check)
    observed = ""
    status: Status
    if fault or item is None:
        status, message = "error", NOT_RUN.format(fault=fault)
    else:
        observed = check.observed or _observed(check, item["result"])
        status = "passed" if item["success"] else "failed"
        message = f"{check.what}：{'符合' if item['success'] else '不符合'}。要求：{expected}；实际：{observed}。"
    return CheckResult(
        check_id=check.check_id,
        suite=check.suite,
        table=check.table,
        what=check.what,
        why=check.why,
        dimension=check.dimension,
        severity=check.severity,
        figures=check.figures,
        owner=check.owner,
        status=status,
        expected=expected,
        observed=observed,
        message_zh=message,
    )


def _fault(info: Mapping[str, Any]) -> str | None:
    """The message of an exception that GX caught; it files them by metric when the engine raised them."""
    entries = [info] if "raised_exception" in info else [entry for entry in info.values() if isinstance(entry, Mapping)]
    for entry in entries:
        if entry.get("raised_exception"):
            return _shape(str(entry.get("exception_message")))
    return None


def _shape(message: str) -> str:
    """The first line of an engine's message without what may be data: quoted text and long numbers."""
    first = re.sub(r"\d{5,}", "#", re.sub(r"'[^']*'", "'…'", message.strip().split("\n")[0]))
    return first[:300]


def _observed(check: Check, result: Mapping[str, Any]) -> str:
    if "unexpected_count" in result:
        return N_("{rows} 行中 {unexpected} 行不符合").format(
            rows=result["element_count"], unexpected=result["unexpected_count"]
        )
    value = result.get("observed_value")
    if check.expectation == "unexpected_rows_expectation":
        return N_("{number} 处不符合").format(number=value) if value else N_("无不符合")
    if check.expectation == "expect_table_columns_to_match_set":
        wanted, present = set(check.kwargs["column_set"]), set(value or [])
        missing, extra = "、".join(sorted(wanted - present)), "、".join(sorted(present - wanted))
        parts = [N_("共 {number} 列").format(number=len(present))]
        parts += [N_("缺少 {codes}").format(codes=missing)] if missing else []
        parts += [N_("多出 {codes}").format(codes=extra)] if extra else []
        return "，".join(parts)
    if isinstance(value, list):
        return N_("共 {number} 个取值").format(number=len(value))
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:,.2f}".rstrip("0").rstrip(".")
    return N_("无") if value is None else f"{value}"


def _reason_not_to_run(check: Check, rows: int | None) -> str | None:
    if rows is None:
        return None
    if rows == 0 and check.expectation.startswith("expect_") and not check.expectation.startswith("expect_table_"):
        return N_("没有数据行")
    if rows < check.applies_from_rows:
        return N_("不足 {number} 行，比例没有意义").format(number=check.applies_from_rows)
    return None


def _not_applicable(check: Check, reason: str) -> dict[str, str | None]:
    return {"check_id": check.check_id, "table": check.table, "what": check.what, "reason": reason}


def _row_counts(relations: Mapping[str, str], database: Path | None) -> dict[str, int | None]:
    """Rows of each relation; None where it cannot be read, which its checks will then report."""
    counts: dict[str, int | None] = {}
    with duckdb.connect(str(database or ":memory:"), read_only=database is not None) as connection:
        for name, query in relations.items():
            try:
                row = connection.execute(f"select count(*) from ({query})").fetchone()
                counts[name] = row[0] if row else None
            except duckdb.Error:
                counts[name] = None
    return counts


def _lasting(
    document: dict[str, Any], ordered: list[dict[str, Any]], checks: list[Check], results: list[CheckResult]
) -> dict[str, Any]:
    """The part of a GX result that is the same for the same data: no run times, paths or stack traces."""
    stated = {check.check_id: _arguments(replace(check, relations={})) for check in checks}
    for item in ordered:
        kwargs = item["expectation_config"]["kwargs"]
        kwargs.pop("batch_id", None)
        if "unexpected_rows_query" in kwargs:  # without where the rows lie that it reads beside the batch
            kwargs |= stated[item["expectation_config"]["meta"]["check_id"]]
        fault = _fault(item["exception_info"])
        item["exception_info"] = {
            "raised_exception": fault is not None,
            "exception_message": fault,
            "exception_traceback": fault and "",  # Data Docs want a text where there was an exception
        }
    passed = sum(result.status == "passed" for result in results)
    return {
        "suite_name": document["suite_name"],
        "success": passed == len(results),
        "results": ordered,
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / len(results) if results else None,
        },
    }


def _write(path: Path, document: dict[str, Any], run: _Run, not_applicable: list[dict[str, str | None]]) -> None:
    document |= {
        "status": overall(run.results),
        "checks": [asdict(result) for result in run.results],
        "not_applicable": not_applicable + run.not_applicable,
        "great_expectations": run.great_expectations,
    }
    write_json(path, document)
