import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from quality_data import BUILD_ID, NIGHT, PRINTED_FROM, write_batch, write_night, write_scores, write_warehouse

from worker_services.audit import heads, ledger
from worker_services.intervals import Week
from worker_services.quality import report, scorecard
from worker_services.quality.checks import BatchContext
from worker_services.quality.site.make import make
from worker_services.quality.suites import validate_build
from worker_services.settings import PROJECT_ROOT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project_root=PROJECT_ROOT, data_root=tmp_path / "data", reports_root=tmp_path / "reports")


@pytest.fixture
def context() -> BatchContext:
    return BatchContext("eye_hospital-health_services-b1", "eye_hospital", NIGHT)


@pytest.fixture
def batch(tmp_path: Path) -> Callable[..., Path]:
    """Makes a landing file of valid rows; a change maps a column to another SQL expression of the row number i."""

    def make(feed: str, rows: int = 60, **changes: str) -> Path:
        return write_batch(tmp_path / f"{feed}.parquet", feed, rows, changes)

    return make


@pytest.fixture
def warehouse(settings: Settings) -> Callable[..., Path]:
    """Makes and publishes a small build; statements then bend it into the case that a test wants."""

    def make(*statements: str) -> Path:
        return write_warehouse(settings, statements)

    return make


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A night, its build and scores, what people decided since, and the site made of that. Not to be changed."""
    root = tmp_path_factory.mktemp("site")
    settings = Settings(PROJECT_ROOT, root / "data", root / "reports")
    write_night(settings)
    path = write_warehouse(settings)
    write_scores(path)
    validate_build(settings, path)
    (settings.data_root / "DEMO").touch()
    printed = settings.reports_root / "briefings" / "2025-W42" / "city.pdf"
    printed.parent.mkdir(parents=True)
    printed.touch()
    _act(settings)
    report.render(settings, NIGHT.last_day)
    scorecard.render(settings, Week.parse("2025-W43"))
    make(settings)
    return settings


@pytest.fixture
def night(whole_site: Settings, tmp_path: Path) -> Settings:
    """The same house, for a test to change."""
    for name in ("data", "reports"):
        shutil.copytree(getattr(whole_site, f"{name}_root"), tmp_path / name)
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


def _act(settings: Settings) -> None:
    """What people did, as the ledger has it."""
    vouchers, services = (
        f"{place}-20251025-20251026-0123456789ab" for place in ("mini_program-vouchers", "eye_hospital-health_services")
    )
    held = {"rows": "1-2", "reason": "医院来函说明", "waived": ["future_date"], "columns": [], "files": {}}
    corrected = {"rows": "5", "reason": "医院更正", "waived": [], "columns": ["service_date"], "files": {}}
    turned_down = {"rows": "3-4,9", "reason": "重复报送", "waived": [], "columns": [], "files": {}}
    published = {"from": None, "to": BUILD_ID, "published_at": "2025-10-25T19:05:00+00:00", "files": {}}
    asked = {
        "fingerprint": "0f3a",
        "build_id": PRINTED_FROM,
        "reasons": ["late_feeds"],
        "reason": "已核实",
        "via": "cli",
    }
    sent = {"build_id": PRINTED_FROM, "colour": "amber", "files": {}}
    for actor, action, subject, details in (
        ("airflow", "secret.use", "worker_key_secret", {"key": "1b9f0107", "previous": []}),
        ("airflow", "warehouse.publish", BUILD_ID, published),
        ("王审核", "briefing.approve", "2025-W42/city", asked),
        ("airflow", "briefing.send", "2025-W42/city", sent),
        ("李管理", "quarantine.release", vouchers, held),
        ("李管理", "quarantine.correct", services, corrected),
        ("李管理", "quarantine.reject", services, turned_down),
        ("王审核", "warehouse.rollback", PRINTED_FROM, {"reason": "指标口径有误", "to": PRINTED_FROM, "files": {}}),
        ("airflow", "someone.elses", "x", {}),
    ):
        ledger.append(settings, actor, action, subject, details)
    heads.keep(settings)
