"""A fifth hospital joins by a file drafted from its sample, and stands in the briefing; no code is touched."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pyrage
import pytest
import yaml
from stdnum.cn import ric

from worker_services.seeds import read_seed
from worker_services.settings import PROJECT_ROOT

WEEK, INTERVAL = "2025-W43", "2025-10-20/2025-10-27"
ROWS = 60
MADE = {".git", ".venv", "node_modules", "__pycache__", "logs", "target"}
ROOTS = {"data", "reports"}  # of runs; models have a folder of that name as well


def left_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in MADE or (name in ROOTS and Path(folder) == PROJECT_ROOT)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, so that a partner may be added to it."""
    copy = tmp_path_factory.mktemp("checkout") / "project"
    shutil.copytree(PROJECT_ROOT, copy, ignore=left_out)
    return copy


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the hospital puts its week into, as its staff export it."""
    folder = tmp_path_factory.mktemp("drop")
    lines: list[list[str]] = [["第五医院职工健康服务登记表（演示数据）", *[""] * 6]]
    lines.append(["就诊号", "患者姓名", "身份证号码", "就诊日期", "服务类别", "所属工会", "满意度评分"])
    for number in range(ROWS):
        birth = date(1980, 1, 1) + timedelta(days=97 * number)
        born = f"220100{birth:%Y%m%d}{number:03d}"
        day = date(2025, 10, 20) + timedelta(days=number % 7)
        category = ("眼健康检查", "体重管理")[number % 2]
        cells = [f"W{number:05d}", "演示", born + ric.calc_check_digit(born + "0")]
        lines.append([*cells, f"{day.year}年{day.month}月{day.day}日", category, "南关区总工会", str(number % 5 + 1)])
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=";").writerows(lines)
    (folder / "services_20251020_20251026.csv").write_bytes(buffer.getvalue().encode("gb18030"))
    return folder


@pytest.fixture(scope="module")
def run(project: Path, drop: Path):
    connection = json.dumps({"conn_type": "fs", "extra": {"path": str(drop)}})
    environment = os.environ | {
        "PYTHONPATH": str(project / "src"),
        "WORKER_SERVICES_DATA_ROOT": str(project / "data"),
        "WORKER_SERVICES_REPORTS_ROOT": str(project / "reports"),
        "AIRFLOW_VAR_WORKER_KEY_SECRET": "key of this test",
        "AIRFLOW_VAR_VAULT_IDENTITY": str(pyrage.x25519.Identity.generate()),
        "AIRFLOW_CONN_FIFTH_HOSPITAL_FS": connection,
    }
    (project / "data").mkdir()
    (project / "data" / "DEMO").touch()

    def command(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", "from worker_services.cli import main; main()", *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return command


def test_a_file_and_no_code(project: Path, drop: Path, run) -> None:
    partner = project / "partners" / "fifth_hospital.yaml"
    sample = drop / "services_20251020_20251026.csv"
    run(
        *("partner", "suggest", "--sample", str(sample), "--feed", "health_services"),
        *("--partner", "fifth_hospital", "--output", str(partner)),
    )
    drafted = yaml.safe_load(partner.read_text(encoding="utf-8"))
    what_a_person_says = {
        "name": "长春第五医院（演示）",
        "short_name": "第五医院",
        "name_en": "Fifth Hospital of Changchun (demo)",
        "type": "hospital",
        "contact": "医院信息科",
        "notify": ["fifth@example.com"],
        "connection": "fifth_hospital_fs",
    }
    assert "# service_id: nothing found" in partner.read_text(encoding="utf-8"), "what no machine could know is asked"
    drafted["feeds"]["health_services"]["columns"]["service_id"] = "就诊号"
    source = drafted["feeds"]["health_services"]["source"]
    assert (source["format"], drafted["domain"]) == ("csv", "health")
    source["path"] = "services_{first:%Y%m%d}_{last:%Y%m%d}.csv"
    partner.write_text(yaml.safe_dump(drafted | what_a_person_says, allow_unicode=True), encoding="utf-8")

    checked = run("partner", "check", str(partner), "--interval", INTERVAL)
    assert "身份证号码" in checked
    ingested = json.loads(
        run("partner", "ingest", "fifth_hospital", "health_services", "--interval", INTERVAL, "--json")
    )
    assert ingested[0]["outcome"] == "landed", ingested

    build = json.loads(run("warehouse", "build", "--json"))
    build_id = (build[0] if isinstance(build, list) else build)["build_id"]
    run("warehouse", "audit", build_id)
    run("warehouse", "publish", build_id)
    run("briefing", "render", WEEK, "--edition", "city")
    run("briefing", "verify", WEEK, "--edition", "city")

    briefing = project / "reports" / "briefings" / WEEK / "city.pdf"
    with pypdfium2.PdfDocument(briefing) as pdf:
        text = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert "第五医院" in text
    figures = (briefing.with_name("city.figures.csv")).read_text(encoding="utf-8-sig")
    own = [
        int(row["printed"])
        for row in csv.DictReader(io.StringIO(figures))
        if row["scope"].startswith("partner/fifth_hospital.") and row["column"] == "person_times"
    ]
    assert len(own) == len(read_seed("code_lists/service_categories"))
    assert sum(own) == ROWS
