from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from simulators import database_partner
from tests.audit.whole_house import WholeHouse, make_whole_house
from tests.conftest import House
from worker_services.connections import Connection
from worker_services.settings import PROJECT_ROOT, Settings

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
                    port=server.port,
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
