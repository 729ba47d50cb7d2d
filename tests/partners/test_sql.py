"""The connector against real servers, PostgreSQL and MariaDB: rows as they are, and each fault with its outcome."""

import errno
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from pydantic import SecretStr

from simulators import database_partner, mariadb_partner
from tests.partners.memory import growth
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import sql
from worker_services.partners.delivery import DeliveryFault, Receipt
from worker_services.partners.registry import DatabaseSource

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

NIGHT = Interval.parse("2025-10-25/2025-10-26")
OWNER_PASSWORD = "owner's password"
SECRET = "220102199001011234"  # a value that no message may quote
KINDS = ("postgres", "mysql")


@dataclass
class Server:
    """A running server with a login that may read one table: `case_no text, changed_at, remark`."""

    connection: Connection
    execute: Callable[[str], None]
    stop: Callable[[], None]
    start: Callable[[], None]


class Sink:
    def __init__(self, watch=lambda: None):
        self.content, self.largest, self.watch = bytearray(), 0, watch

    def write(self, data: bytes) -> None:
        self.content += data
        self.largest = max(self.largest, len(data))
        self.watch()


@contextmanager
def postgres() -> Iterator[Server]:
    server = database_partner.initialise(OWNER_PASSWORD)
    try:
        database_partner.start(server)

        def execute(statement: str) -> None:
            with database_partner.connect(server, "postgres") as owner:
                owner.execute(statement)

        execute("create role reader login password 'agreed'")
        execute("create table cases (case_no varchar(20), changed_at timestamp, remark varchar(400))")
        execute(
            "insert into cases select 'LT' || n, timestamp '2025-10-25' + make_interval(secs => n), repeat('备注', 100)"
            " from generate_series(0, 59999) n"
        )
        execute("grant select on cases to reader")
        yield Server(
            connection_to("postgres", server.port.number, "postgres"),
            execute,
            lambda: database_partner.stop(server),
            lambda: database_partner._run(server),
        )
    finally:
        database_partner.remove(server)


@contextmanager
def mariadb() -> Iterator[Server]:
    server = mariadb_partner.initialise(OWNER_PASSWORD)
    try:
        mariadb_partner.start(server)

        def execute(statement: str) -> None:
            with mariadb_partner.connect(server, "mysql") as owner:
                owner.execute(statement)

        execute("create database register character set utf8mb4")
        execute("create user reader@'127.0.0.1' identified by 'agreed'")
        execute("create table register.cases (case_no varchar(20), changed_at datetime, remark varchar(400))")
        execute(
            "insert into register.cases select concat('LT', seq),"
            " timestamp '2025-10-25 00:00:00' + interval seq second, repeat('备注', 100) from seq_0_to_59999"
        )
        execute("grant select on register.* to reader@'127.0.0.1'")
        yield Server(
            connection_to("mysql", server.port.number, "register"),
            execute,
            lambda: mariadb_partner.stop(server),
            lambda: mariadb_partner._run(server),
        )
    finally:
        mariadb_partner.remove(server)


def connection_to(conn_type: str, port: int, schema: str) -> Connection:
    return Connection(
        conn_id=f"cases_{conn_type}",
        conn_type=conn_type,
        host="127.0.0.1",
        port=port,
        login="reader",
        password=SecretStr("agreed"),
        schema=schema,
    )


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    with postgres() as first, mariadb() as second:
        yield {"postgres": first, "mysql": second}


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    return servers[request.param]


def query(columns: str, table: str = "cases", condition: str = "true") -> DatabaseSource:
    return DatabaseSource(
        kind="sql",
        query=f"select {columns} from {table} where changed_at >= :start and changed_at < :end and {condition}"
        " order by changed_at",
    )


ALL = query("case_no, changed_at, remark")
ONE = "case_no = 'LT0'"


def rows_of(connection: Connection, source: DatabaseSource) -> tuple[Receipt, list[dict[str, object]]]:
    sink = Sink()
    receipt = sql.fetch(connection, source, NIGHT, sink)
    return receipt, [json.loads(line) for line in sink.content.decode().splitlines()]


def value_of(server: Server, expression: str) -> object:
    _, rows = rows_of(server.connection, query(f"{expression} as x", condition=ONE))
    assert len(rows) == 1
    return rows[0]["x"]


def fault_of(connection: Connection, source: DatabaseSource = ALL) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as raised:
        sql.fetch(connection, source, NIGHT, Sink())
    fault = raised.value
    for text in (fault.message_zh, fault.message_en):
        assert SECRET not in text
        assert "agreed" not in text.replace("agreement", "")
    assert fault.__cause__ is None, "a database's own error may quote cells, and would be logged"
    return fault


def test_all_rows_of_the_interval_come_in_order_and_in_small_pieces(server: Server) -> None:
    sink = Sink()
    receipt = sql.fetch(server.connection, ALL, NIGHT, sink)
    rows = [json.loads(line) for line in sink.content.decode().splitlines()]
    assert receipt == Receipt(source=f"sql:{server.connection.schema_}", declared_rows=60_000)
    assert [row["case_no"] for row in rows] == [f"LT{number}" for number in range(60_000)]
    assert rows[1] == {"case_no": "LT1", "changed_at": "2025-10-25T00:00:01", "remark": "备注" * 100}
    assert sink.largest <= 1024 * 1024


def test_memory_stays_flat_whatever_the_size(server: Server) -> None:
    received, mebibytes = growth(server.connection, query("case_no, remark, remark as again"), NIGHT)
    assert received > 60_000_000
    assert mebibytes < 30


def test_an_interval_without_rows_is_an_empty_delivery(server: Server) -> None:
    sink = Sink()
    assert sql.fetch(server.connection, ALL, Interval.parse("2025-01-01/2025-10-25"), sink).declared_rows == 0
    assert sink.content == b""


@pytest.mark.parametrize(
    ("kind", "expression", "expected"),
    [
        *((kind, "cast('2025-06-03' as date)", "2025-06-03") for kind in KINDS),
        *((kind, "cast('08:05:09' as time)", "08:05:09") for kind in KINDS),
        *((kind, "cast(1234567.10 as decimal(12, 2))", "1234567.10") for kind in KINDS),
        *((kind, "cast(1e20 as decimal(30))", "1" + "0" * 20) for kind in KINDS),
        *((kind, "null", None) for kind in KINDS),
        *((kind, "7", 7) for kind in KINDS),
        *((kind, "'𠮷\"\n\t'", '𠮷"\n\t') for kind in KINDS),
        ("postgres", "true", True),
        ("postgres", "'\\x00ff'::bytea", "00ff"),
        ("postgres", "timestamptz '2025-06-03 00:00:00+00'", "2025-06-03T08:00:00+08:00"),
        ("postgres", "'NaN'::float8", "nan"),
        ("postgres", "1.5::float8", 1.5),
        ("postgres", "'{\"a\": [1]}'::jsonb", {"a": [1]}),
        ("postgres", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("mysql", "from_unixtime(0)", "1970-01-01T08:00:00"),
        ("mysql", "x'00ff'", "00ff"),
        ("mysql", "cast('-100:00:01.5' as time(1))", "-100:00:01.500000"),
    ],
)
def test_every_type_has_a_text_form(servers: dict[str, Server], kind: str, expression: str, expected: object) -> None:
    assert value_of(servers[kind], expression) == expected


def test_a_type_without_a_text_form_is_named(servers: dict[str, Server]) -> None:
    fault = fault_of(servers["postgres"].connection, query("int4range(1, 2) as span", condition=ONE))
    assert "column span is of type" in str(fault)


def test_columns_of_one_name_are_refused(server: Server) -> None:
    assert "same name" in str(fault_of(server.connection, query("case_no, remark as case_no")))


@pytest.mark.parametrize("login", [{"password": SecretStr("wrong")}, {"login": "nobody_here"}])
def test_a_wrong_login_is_refused(server: Server, login: dict[str, object]) -> None:
    fault = fault_of(server.connection.model_copy(update=login))
    assert not fault.retryable
    assert "refused the login" in str(fault)


def test_a_database_that_is_not_open_to_the_login_is_a_refused_login(servers: dict[str, Server]) -> None:
    fault = fault_of(servers["mysql"].connection.model_copy(update={"schema_": "mysql"}))
    assert not fault.retryable
    assert "refused the login" in str(fault)


def test_a_table_that_may_not_be_read_has_its_own_message(server: Server) -> None:
    where = "" if server.connection.conn_type == "postgres" else "register."
    server.execute(f"create table {where}closed (changed_at timestamp null)")
    if where:
        server.execute("revoke select on register.* from reader@'127.0.0.1'")
        server.execute("grant select on register.cases to reader@'127.0.0.1'")
    fault = fault_of(server.connection, query("*", "closed"))
    assert not fault.retryable
    assert "lacks the permission" in str(fault)


@pytest.mark.parametrize("source", [query("shoe_size"), query("*", "no_such_table")])
def test_a_missing_column_or_table_is_named(server: Server, source: DatabaseSource) -> None:
    fault = fault_of(server.connection, source)
    is_closed = "lacks the permission" in str(fault)  # MariaDB does not say what a login may not see
    assert is_closed or "shoe_size" in str(fault) or "no_such_table" in str(fault)


def test_an_error_that_quotes_data_is_not_quoted(servers: dict[str, Server]) -> None:
    fault = fault_of(servers["postgres"].connection, query(f"cast('no {SECRET}' as int)", condition=ONE))
    assert "against the agreement" in str(fault)
    assert "22P02" in str(fault)


def test_a_statement_that_takes_too_long_is_stopped(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "STATEMENT_SECONDS", 1)
    slow = "(select pg_sleep(20))::text" if server.connection.conn_type == "postgres" else "sleep(20)"
    fault = fault_of(server.connection, query(f"{slow} as x"))
    assert fault.retryable
    assert "was stopped" in str(fault)


def test_nothing_can_be_written(server: Server) -> None:
    if server.connection.conn_type == "postgres":
        server.execute("grant all on cases to reader")
        source = DatabaseSource(
            kind="sql",
            query="with gone as (delete from cases where changed_at >= :start and changed_at < :end returning 1)"
            " select * from gone order by 1",
        )
    else:
        server.execute("grant all on register.cases to reader@'127.0.0.1'")
        source = DatabaseSource(
            kind="sql", query="delete from cases where changed_at >= :start and changed_at < :end order by changed_at"
        )
    assert "against the agreement" in str(fault_of(server.connection, source))
    assert rows_of(server.connection, ALL)[0].declared_rows == 60_000


def test_a_server_that_stops_in_mid_query_is_unreachable_and_comes_back(server: Server) -> None:
    stopped = threading.Event()

    def stop() -> None:
        if not stopped.is_set():
            stopped.set()
            server.stop()

    with pytest.raises(DeliveryFault, match="cannot reach") as raised:
        sql.fetch(server.connection, ALL, NIGHT, Sink(stop))
    assert raised.value.retryable
    assert stopped.is_set()
    fault = fault_of(server.connection)
    assert fault.retryable
    assert "cannot reach" in str(fault)
    server.start()
    server.execute("select 1")  # waits until it answers
    assert rows_of(server.connection, query("1 as x", condition=ONE))[1] == [{"x": 1}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_says_nothing_is_unreachable(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "CONNECT_SECONDS", 2)  # the least that libpq takes
    monkeypatch.setattr(sql, "SILENCE_SECONDS", 2)
    monkeypatch.setattr(sql, "ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fault = fault_of(connection_to(kind, silent.getsockname()[1], "cases"))
    assert fault.retryable
    assert "cannot reach" in str(fault)


def test_a_full_disk_is_our_own_fault_and_the_connection_is_closed(server: Server) -> None:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        sql.fetch(server.connection, ALL, NIGHT, Sink(fill))


@pytest.mark.parametrize(("kind", "package"), [("mssql", "pymssql"), ("oracle", "oracledb")])
def test_a_driver_that_is_not_installed_is_named(kind: str, package: str) -> None:
    fault = fault_of(connection_to(kind, 1, "cases"))
    assert not fault.retryable
    assert f"install the Python package {package}" in str(fault)


def test_a_connection_that_is_no_database_is_named() -> None:
    fault = fault_of(connection_to("sftp", 1, "cases"))
    assert not fault.retryable
    assert "connection cases_sftp is of type sftp" in str(fault)


def test_the_server_ends_the_query_when_the_reader_has_gone(servers: dict[str, Server]) -> None:
    def leave() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    connection = servers["postgres"].connection
    with pytest.raises(OSError, match="No space left"):
        sql.fetch(connection, ALL, NIGHT, Sink(leave))
    under_way = "select count(*) from pg_stat_activity where application_name = 'worker-services' and state <> 'idle'"
    login = {"user": "reader", "password": "agreed", "host": "127.0.0.1", "port": connection.port, "dbname": "postgres"}
    deadline = time.monotonic() + 60
    with psycopg.connect(**login, autocommit=True) as watch:
        while watch.execute(under_way).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
