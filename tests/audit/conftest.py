import dataclasses
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from simulators import database_partner
from tests.audit.whole_house import WholeHouse, make_whole_house
from tests.conftest import House
from worker_services.briefing.render import render
from worker_services.connections import Connection
from worker_services.intervals import Week, utc_now
from worker_services.metrics import catalogue
from worker_services.quality.site.issues import IssuePages, write_issue
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import printed
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import build
from worker_services.warehouse.publish import current as published_build
from worker_services.warehouse.publish import publish

WEEK, UNION = Week.parse("2025-W43"), "nanguan"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WRITER, PASSWORD = "ledger_writer", "of the tests"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], Connection]]:
    """A PostgreSQL of its own; makes a database for one ledger, and gives the connection of the role that writes it."""
    server = database_partner.initialise(PASSWORD)
    try:
        database_partner.start(server)
        with database_partner.connect(server, "postgres") as owner:
            for role in (WRITER, "mere_writer"):
                owner.execute(f"create role {role} login password '{PASSWORD}'")

            def make(name: str) -> Connection:
                owner.execute(f"create database {name} owner {WRITER}")
                return Connection(
                    conn_id="ledger_db",
                    conn_type="postgres",
                    host="127.0.0.1",
                    port=server.port.number,
                    login=WRITER,
                    password=SecretStr(PASSWORD),
                    schema=name,
                )

            yield make
    finally:
        database_partner.remove(server)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty house whose ledger is a file, and one whose ledger is in PostgreSQL."""
    database = None
    if request.param == "postgres":
        make = request.getfixturevalue("postgres")
        make.count = getattr(make, "count", 0) + 1
        database = make(f"ledger_{make.count}")
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports", ledger_database=database)


@pytest.fixture(scope="session")
def whole_house(make_house: Callable[[Path], House], tmp_path_factory: pytest.TempPathFactory) -> WholeHouse:
    """A house in which everything was done once that the ledger answers for. Copy it; do not change it."""
    return make_whole_house(make_house(tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="session")
def issued_house(full_house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A copy of the full house whose issue of the week has gone out to the city and to one union."""
    made = build(full_house.settings, utc_now())
    audit(full_house.settings, made.build_id)
    publish(full_house.settings, made.build_id)
    folder = tmp_path_factory.mktemp("issue")
    shutil.copytree(full_house.settings.data_root, folder / "data", ignore=shutil.ignore_patterns("dbt", ".*"))
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    for edition in ("city", UNION):
        files = render(settings, WEEK, edition, made.build_id)
        issue, rendering = (json.loads(path.read_text("utf-8")) for path in (files.figures_json, files.provenance))
        printed.record(settings, issue, catalogue(), rendering)
    return dataclasses.replace(full_house, settings=settings)


@pytest.fixture(scope="session")
def written(issued_house: House) -> IssuePages:
    """The pages of the issue, written beside it."""
    return write_issue(issued_house.settings, WEEK)


def copy_but_builds(source: str, target: str) -> None:
    """Builds are large, and no test writes into one."""
    (os.link if source.endswith(".duckdb") else shutil.copy2)(source, target)


@pytest.fixture
def copied(issued_house: House, tmp_path: Path) -> House:
    """A copy of one's own, to be damaged."""
    shutil.copytree(issued_house.settings.data_root, tmp_path / "data", copy_function=copy_but_builds)
    shutil.copytree(issued_house.settings.reports_root, tmp_path / "reports")
    settings = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    return dataclasses.replace(issued_house, settings=settings)


def worker_keys_in(text: str, house: House) -> set[str]:
    """Pseudonyms of workers, as they landed, that stand in a text."""
    build = published_build(house.settings)
    assert build
    with duckdb.connect(str(build.path), read_only=True) as database:
        found = database.execute("select distinct worker_key::varchar from landing.health_services").fetchall()
    keys = {key for (key,) in found if key}
    assert sum(bool(UUID.fullmatch(key)) for key in keys) > 100
    return keys & {*UUID.findall(text)}
