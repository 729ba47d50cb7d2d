import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

import simulators
from worker_services import connections
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.landing.ingest import ingest, ingest_night
from worker_services.landing.outcomes import Outcome
from worker_services.partners.registry import load_partners
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import build as building
from worker_services.warehouse import parsed

hypothesis_settings.register_profile("house", deadline=None)  # the first call pays for imports and start-up
hypothesis_settings.load_profile("house")

# For two workers (bin/test). What takes minutes begins first: begun last, it would leave the other worker idle.
LONGEST_FIRST = (
    "tests/end_to_end/test_demo.py",
    "tests/warehouse/test_build.py",
    "tests/warehouse/test_dbt_project.py",
    "tests/end_to_end/test_nights.py",
    "tests/end_to_end/test_sending.py",
    "tests/warehouse/test_incremental.py",
    "tests/end_to_end/test_fifth_hospital.py",
    "tests/briefing/test_briefing_hard_weeks.py",
    "tests/landing/test_backfill.py",
    "tests/warehouse/test_crashes.py",
    "tests/landing/test_ingest.py",
    "tests/simulators/test_world.py",
    "tests/simulators/test_servers.py",
)
# Files that read the same costly fixture (full_house, fixed, whole_site) go to the same worker, which makes it once.
TOGETHER = {
    "tests/audit/test_entered.py": "tests/audit/test_verify.py",
    "tests/landing/test_known_dirt.py": "tests/warehouse/test_build.py",
    "tests/warehouse/test_semantic_layer.py": "tests/warehouse/test_dbt_project.py",
    "tests/warehouse/test_counting.py": "tests/warehouse/test_dbt_project.py",
    "tests/warehouse/test_ducklake.py": "tests/warehouse/test_dbt_project.py",
    "tests/warehouse/test_lineage_events.py": "tests/warehouse/test_dbt_project.py",
    "tests/audit/test_trace.py": "tests/warehouse/test_build.py",
    "tests/audit/test_pack.py": "tests/warehouse/test_build.py",
    "tests/audit/test_issue_pages.py": "tests/warehouse/test_build.py",
    "tests/quality/test_site.py": "tests/quality/test_quality_report.py",
    "tests/quality/test_site_standards.py": "tests/quality/test_quality_report.py",
}
assert all((PROJECT_ROOT / file).exists() for file in (*LONGEST_FIRST, *TOGETHER, *TOGETHER.values()))

LEDGER_KEY = "5e" * 32
os.environ["AIRFLOW_VAR_LEDGER_SIGNING_KEY"] = LEDGER_KEY  # for every ledger of the tests
os.environ["WAREHOUSE_THREADS"] = "1"  # the other processor has tests of its own; the demo builds as it does elsewhere

HISTORY, SATURDAY, SUNDAY = (Interval.parse(text) for text in simulators.DEMO_INTERVALS)


class ByWork(LoadFileScheduling):
    """Hands out files, as --dist loadfile does, but those that go together as one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)  # there is no such hook under -p no:xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByWork:
    config.option.loadscopereorder = False  # else the files with the fewest tests come last, however long they take
    return ByWork(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {file: place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


@dataclass(frozen=True)
class House:
    """A data root of its own, with the simulated partners at its door."""

    settings: Settings
    secrets: Secrets
    partners: simulators.Partners

    def connection(self, partner: str) -> Connection:
        return connections.from_environment(load_partners()[partner].connection)

    def ingest(self, partner: str, feed: str, interval: Interval, connection: Connection | None = None) -> Outcome:
        return ingest(self.settings, partner, feed, interval, connection or self.connection(partner), self.secrets)

    def ingest_night(self, partner: str, feed: str, interval: Interval) -> list[Outcome]:
        return ingest_night(self.settings, partner, feed, interval, self.connection(partner), self.secrets)

    def ingest_all(self, interval: Interval) -> list[Outcome]:
        return [
            self.ingest(partner_id, feed, interval)
            for partner_id, partner in load_partners().items()
            for feed in partner.feeds
        ]


@pytest.fixture(scope="session", autouse=True)
def parsed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which all tests keep the dbt project as it is parsed: else each data root would parse it anew."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def path(_: Settings, code_fingerprint: str) -> Path:
        return shared / f"{building.DBT_PROJECT.name}_{code_fingerprint}.msgpack"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsed, "path", path)
        yield shared


@pytest.fixture(scope="session")
def partners() -> Iterator[simulators.Partners]:
    """The simulated partners, with the demo's deliveries; their connections stand in the environment."""
    with simulators.running() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.connections.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="session")
def make_house(partners: simulators.Partners) -> Callable[[Path], House]:
    """Make a house in a folder."""
    secrets = Secrets(
        worker_key_secret=SecretStr("key of the tests"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )

    def make(folder: Path) -> House:
        settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
        settings.data_root.mkdir(parents=True)
        (settings.data_root / "DEMO").touch()
        return House(settings, secrets, partners)

    return make


@pytest.fixture
def house(make_house: Callable[[Path], House], tmp_path: Path) -> House:
    return make_house(tmp_path)


@pytest.fixture(scope="session")
def full_house(make_house: Callable[[Path], House], tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which the history and both nights have landed. Read it; do not change it."""
    house = make_house(tmp_path_factory.mktemp("full_house"))
    for interval in (HISTORY, SATURDAY, SUNDAY):
        house.ingest_all(interval)
    return house
