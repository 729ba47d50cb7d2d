"""A small landing schema that tests fill by hand, and dbt run on it."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import parsed
from worker_services.yaml_files import read_yaml

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
HISTORY = (date(2025, 1, 1), date(2025, 10, 25))
SATURDAY = (date(2025, 10, 25), date(2025, 10, 26))
SUNDAY = (date(2025, 10, 26), date(2025, 10, 27))
PARTNERS = {
    "maternity_hospital": ("浙大妇院吉林医院(长春市妇产医院)", "health", ["health_services", "health_screenings"]),
    "eye_hospital": ("长春爱尔眼科医院", "health", ["health_services"]),
    "mini_program": ("长春工会小程序", "health", ["vouchers", "outreach_events", "service_ratings"]),
    "jiahe_hospital": ("长春嘉和外科医院", "health", ["health_appointments"]),
    "orthopaedic_hospital": ("长春骨伤医院", "health", ["health_screenings"]),
    "counselling_hotline": ("职工心理咨询热线", "health", ["counselling_sessions"]),
    "job_fair_system": ("招聘会管理系统", "employment", ["job_fairs", "job_postings", "job_applications"]),
    "training_base": (
        "职业技能培训基地",
        "employment",
        ["training_sessions", "training_attendances", "training_enrolments", "training_certificates"],
    ),
    "employment_system": ("就业创业服务系统", "employment", ["startup_support", "employment_registrations"]),
    "mediation_center": ("劳动争议调解中心", "rights", ["mediation_cases", "mediation_events"]),
    "contract_register": ("劳动合同和集体合同备案系统", "rights", ["labour_contracts", "collective_contracts"]),
    "safety_inspection": ("劳动保护检查系统", "rights", ["safety_inspections", "safety_hazards"]),
    "leadership_office": ("市总工会办公室", "leadership", ["meeting_actions", "publicity_items"]),
    "hardship_system": ("困难职工帮扶系统", "hardship", ["hardship_register", "relief_payments"]),
}

Interval = tuple[date, date]
Row = dict[str, Any]


@dataclass(frozen=True)
class Build:
    """A warehouse file that dbt has built, with dbt's own account of it."""

    path: Path
    results: list[Row]
    manifest: Row

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql, parameters or []).fetchall()

    def nodes(self, resource_type: str) -> list[Row]:
        return [node for node in self.manifest["nodes"].values() if node["resource_type"] == resource_type]

    def statuses(self, resource_type: str) -> set[str]:
        return {row["status"] for row in self.results if row["unique_id"].startswith(f"{resource_type}.")}


def landing_tables() -> dict[str, dict[str, str]]:
    """Columns and types of every landing relation, as the sources declare them."""
    declared = read_yaml(DBT_PROJECT / "models/staging/_landing__sources.yml")
    tables = declared["sources"][0]["tables"]
    return {table["name"]: {c["name"]: c["data_type"] for c in table["columns"]} for table in tables}


class Landing:
    """Rows on their way into the landing schema of a new file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.types = landing_tables()
        self.rows: dict[str, list[Row]] = {name: [] for name in self.types}
        self.rows["build"] = [{"build_id": "b", "as_of": datetime(2025, 10, 26, 18, 30), "is_demo": True}]
        self.rows["partners"] = [
            {
                "partner_id": partner,
                "name_zh": name,
                "short_name_zh": name,
                "name_en": partner,
                "partner_type": "system",
                "domain": domain,
                "display_order": order,
                "feed": feed,
                "feed_name_zh": feed,
                "feed_name_en": feed,
            }
            for order, (partner, (name, domain, feeds)) in enumerate(PARTNERS.items())
            for feed in feeds
        ]

    def land(self, partner: str, feed: str, interval: Interval, rows: list[Row], quarantined: int = 0) -> None:
        start, end = interval
        batch_id = f"{partner}-{feed}-{start}-{end}"
        landed_at = datetime.combine(end, datetime.min.time()) + timedelta(hours=18)
        place: Row = {"_partner": partner, "_batch_id": batch_id, "_landed_at": landed_at}
        place |= {"_interval_start": start, "_interval_end": end}
        self.rows[feed] += [row | place | {"_row_number": number} for number, row in enumerate(rows, 1)]
        batch: Row = {
            "batch_id": batch_id,
            "partner": partner,
            "feed": feed,
            "interval_start": start,
            "interval_end": end,
        }
        counts = {"rows_received": len(rows) + quarantined, "rows_accepted": len(rows), "rows_quarantined": quarantined}
        self.rows["batches"].append(batch | counts | {"landed_at": landed_at})
        self.rows["outcomes"].append(batch | {"outcome": "landed", "recorded_at": landed_at, "came_late": False})
        self.rows["checks_judged"].append(batch | {"dimension_zh": "一致性", "checks_judged": 4})
        self.rows["quarantine_reasons"] += [
            batch | {"row_number": len(rows) + extra, "column_name": "worker_id", "rule": "check_digit"}
            for extra in range(1, quarantined + 1)
        ]

    def warn(self, partner: str, feed: str, interval: Interval, check: str, what: str) -> None:
        """A batch that landed did not pass a check of its consistency."""
        start, end = interval
        place = {"partner": partner, "feed": feed, "interval_start": start, "interval_end": end}
        failed = {"check_id": check, "what_zh": what, "dimension_zh": "一致性", "severity": "warning"}
        self.rows["checks_failed"].append(place | failed)

    def miss(self, partner: str, feed: str, interval: Interval) -> None:
        start, end = interval
        outcome = {"partner": partner, "feed": feed, "interval_start": start, "interval_end": end}
        self.rows["outcomes"].append(
            outcome | {"outcome": "missing", "recorded_at": datetime(2025, 10, 27, 2), "came_late": False}
        )

    def write(self) -> Path:
        with duckdb.connect(str(self.path)) as connection:
            connection.begin()
            connection.execute("create schema landing")
            for name, columns in self.types.items():
                declared = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
                connection.execute(f"create table landing.{name} ({declared})")
                if self.rows[name]:
                    values = [
                        [worker_key(value) if column == "worker_key" else value for column, value in known.items()]
                        for known in ({column: row.get(column) for column in columns} for row in self.rows[name])
                    ]
                    connection.executemany(
                        f"insert into landing.{name} values ({', '.join('?' * len(columns))})", values
                    )
            connection.commit()
        return self.path


def worker_key(name: str | None) -> UUID | None:
    """What the landing schema calls a worker whose landed pseudonym is this text."""
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest()) if name else None


def day(text: str) -> date:
    return date.fromisoformat(f"2025-{text}")


def dbt_build(path: Path, *options: str, folder: Path | None = None) -> Build:
    """Run `dbt build` on a file with a landing schema; dbt's account goes to the folder, by default beside the file."""
    folder = folder or path.parent
    target = folder / "target"
    arguments = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--quiet"]
    arguments += ["--target-path", str(target), "--log-path", str(folder / "logs")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", str(path))
        try:
            is_lake = "--target" in options  # its relations are named otherwise
            project = None if is_lake else parsed.manifest(parsed.path(Settings.load(), path.stem), arguments)
            outcome = dbtRunner(manifest=project).invoke(["build", *arguments, *options])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert outcome.exception is None, outcome.exception
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    broken = [f"{r['unique_id']}: {r['message']}" for r in results if r["status"] in ("error", "fail", "skipped")]
    assert not broken, "\n".join(broken)
    return Build(path, results, json.loads((target / "manifest.json").read_text(encoding="utf-8")))
