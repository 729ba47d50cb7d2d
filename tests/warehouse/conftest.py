from collections.abc import Iterator

import duckdb
import pytest

from tests.warehouse.by_hand import coverage, employment, hardship, health, leadership, printed, rights
from tests.warehouse.fixed_landing import HISTORY, Build, Landing, dbt_build
from worker_services.warehouse import provenance
from worker_services.warehouse.provenance import Provenance

DOMAINS = (health, employment, rights, hardship, leadership, coverage)


def land_everything(landing: Landing) -> None:
    """Rows for every feed, of which each metric's value is worked out by hand."""
    for domain in DOMAINS:
        domain.land(landing)
    landing.warn("safety_inspection", "safety_inspections", HISTORY, "safety_inspections.drift", "构成与以往相当")
    printed.land(landing)


@pytest.fixture(scope="session")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Seeds, models, data tests and unit tests, run on the fixed data."""
    landing = Landing(tmp_path_factory.mktemp("fixed") / "warehouse.duckdb")
    land_everything(landing)
    yield dbt_build(landing.write())


@pytest.fixture(scope="session")
def code(fixed: Build) -> Provenance:
    """What the fixed build was made by."""
    with duckdb.connect(str(fixed.path), read_only=True) as database:
        return provenance.of_manifest("of the tests", fixed.manifest, database)
