"""Rows from a partner's relational database."""

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import stamina

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners.delivery import (
    DeliveryFault,
    Receipt,
    Sink,
    bad_answer,
    login_refused,
    reading_refused,
    unreachable,
)
from worker_services.partners.registry import DatabaseSource

CONNECT_SECONDS = 20
SILENCE_SECONDS = 120
"""How long a server may say nothing at all before the line counts as dead; also how long MySQL may take to begin."""
STATEMENT_SECONDS = 1800
ROWS_AT_ONCE = 1000
CHUNK_BYTES = 1024 * 1024
ATTEMPTS = 3


@dataclass(frozen=True)
class _Engine:
    """How to reach one kind of database, and what makes the session read-only, bounded and on Shanghai's clock."""

    dialect: str
    package: str
    options: Callable[[Connection], dict[str, Any]]
    session: Callable[[sa.Dialect], Sequence[str]]
    default_port: int


def fetch(connection: Connection, source: DatabaseSource, interval: Interval, sink: Sink) -> Receipt:
    """Run the feed's query for the interval; each row goes to `sink` as a line of JSON. Raises DeliveryFault."""
    span = {
        "start": datetime.combine(interval.start, datetime.min.time()),
        "end": datetime.combine(interval.end, datetime.min.time()),
    }
    rows = 0
    for lines in _chunks(connection, source.query, span):
        raw = "".join(lines).encode()
        for start in range(0, len(raw), CHUNK_BYTES):
            sink.write(raw[start : start + CHUNK_BYTES])  # its own faults are not the partner's: nothing catches them
        rows += len(lines)
    return Receipt(source=f"sql:{connection.schema_}", declared_rows=rows)


def _chunks(connection: Connection, query: str, span: dict[str, datetime]) -> Iterator[list[str]]:
    """Lines of JSON, some rows at a time; no more of the result is ever in memory."""
    where = _where(connection)
    database = _connect(connection)
    cursor = None
    try:
        with _faults_of_a_query(connection):
            streamed = database.execution_options(yield_per=ROWS_AT_ONCE)  # a server-side cursor
            result = streamed.execute(sa.text(query), span)
        cursor = result.cursor
        if not result.returns_rows:
            raise bad_answer(where, "the statement gives no rows")
        names = list(result.keys())
        if len(set(names)) < len(names):
            raise bad_answer(where, "two columns of the query bear the same name")
        while True:
            with _faults_of_a_query(connection):
                rows = result.fetchmany(ROWS_AT_ONCE)
            if not rows:
                return
            yield [_line(names, row, where) for row in rows]
    finally:
        _leave_unread(cursor)
        database.invalidate()  # closes the line, whatever still comes over it
        database.close()


def _leave_unread(cursor: Any) -> None:
    """PyMySQL reads what is left of a result before it lets go of it, even on a line that is cut: let it not."""
    unread = getattr(cursor, "_result", None)
    if unread is not None:
        unread.unbuffered_active = False


def _connect(connection: Connection) -> sa.Connection:
    engine = _engine(connection)
    for attempt in stamina.retry_context(on=_is_unreachable, attempts=ATTEMPTS, timeout=None, wait_initial=0.2):
        with attempt, _faults_of_a_query(connection):
            database = engine.connect()
            for statement in _ENGINES[connection.conn_type].session(engine.dialect):
                database.exec_driver_sql(statement)
            return database
    raise AssertionError("the last attempt returns or raises")


def _is_unreachable(error: Exception) -> bool:
    return isinstance(error, DeliveryFault) and error.retryable


def _engine(connection: Connection) -> sa.Engine:
    kind = _ENGINES.get(connection.conn_type)
    if kind is None:
        raise DeliveryFault(
            f"连接 {connection.conn_id} 的类型为 {connection.conn_type}，不是可读取的数据库。"
            f"请改为 {'、'.join(_ENGINES)} 之一后重新运行。",
            f"connection {connection.conn_id} is of type {connection.conn_type}, which is no database read here;"
            f" make it one of {', '.join(_ENGINES)}, then run again",
            retryable=False,
        )
    url = sa.URL.create(
        kind.dialect,
        username=connection.login,
        password=connection.password.get_secret_value(),
        host=connection.host,
        port=connection.port or kind.default_port,
        database=None if kind.dialect.startswith("oracle") else connection.schema_,
        query={"service_name": connection.schema_} if kind.dialect.startswith("oracle") else {},
    )
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=kind.options(connection))
    except ModuleNotFoundError:
        raise DeliveryFault(
            f"本机未安装 {connection.conn_type} 数据库的驱动。请在运行环境中安装 Python 包 {kind.package} 后重新运行。",
            f"the driver for {connection.conn_type} is not installed; install the Python package {kind.package}"
            " where this runs, then run again",
            retryable=False,
        ) from None
    sa.event.listen(
        engine, "handle_error", lambda context: _leave_unread(getattr(context.execution_context, "cursor", None))
    )
    return engine


@contextmanager
def _faults_of_a_query(connection: Connection) -> Iterator[None]:
    """Say what a database's error means to the one who must act; errors quote cells, so none is passed on."""
    where = _where(connection)
    try:
        yield
    except sa.exc.DBAPIError as error:
        code = _code(error)
        name = type(error.orig).__name__ + (f" {code}" if code else "")
        if code in _LOGIN_REFUSED or _LOGIN_REFUSED_TEXT.search(str(error.orig)):
            raise login_refused(where, connection.conn_id) from None
        if code in _READING_REFUSED:
            raise reading_refused(where, name) from None
        if code in _TOO_SLOW:
            raise _too_slow(where) from None
        if code in _NAMES_WRONG:  # quotes nothing but names out of our own query
            raise bad_answer(where, f"{name}: {_first_line(error)}") from None
        if _is_of_the_line(error, code):
            raise unreachable(where, name) from None
        raise bad_answer(where, name) from None
    except UnicodeDecodeError:
        raise bad_answer(where, "text that is not in the character set it is declared to be in") from None
    except (OSError, EOFError) as error:
        raise unreachable(where, type(error).__name__) from None


def _where(connection: Connection) -> str:
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.conn_type}://{connection.host}{port}/{connection.schema_}"


def _code(error: sa.exc.DBAPIError) -> str:
    """The number of the error where the database counts them, else SQLSTATE; empty where the client gives neither."""
    first = error.orig.args[0] if error.orig and error.orig.args else None
    if isinstance(first, int):
        return str(first)
    return str(getattr(error.orig, "sqlstate", None) or getattr(first, "full_code", None) or "")


def _first_line(error: sa.exc.DBAPIError) -> str:
    text = error.orig.args[-1] if error.orig and error.orig.args else ""
    return str(text).partition("\n")[0]


def _is_of_the_line(error: sa.exc.DBAPIError, code: str) -> bool:
    if error.connection_invalidated or _LINE.fullmatch(code):
        return True
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not code


def _too_slow(where: str) -> DeliveryFault:
    minutes = STATEMENT_SECONDS // 60
    return DeliveryFault(
        f"{where} 的查询超过 {minutes} 分钟未完成，已中止。请合作单位检查数据库负荷和索引；系统将自动重试。",
        f"the query at {where} took more than {minutes} minutes and was stopped; ask the partner about load and"
        " indexes; retried by itself",
        retryable=True,
    )


def _line(names: list[str], row: Sequence[Any], where: str) -> str:
    try:
        return _json(dict(zip(names, row, strict=True))) + "\n"
    except (TypeError, ValueError):
        pass  # below, column by column
    texts = {}
    for name, value in zip(names, row, strict=True):
        try:
            # NaN and infinity have no JSON form; as text they break the row's contract, not the delivery.
            texts[name] = str(value) if isinstance(value, float) and not math.isfinite(value) else value
            _json(texts[name])
        except (TypeError, ValueError):
            raise bad_answer(where, f"column {name} is of type {type(value).__name__}") from None
    return _json(texts) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_text)


def _as_text(value: Any) -> str:
    """The text form of what JSON has no form for. Raises TypeError."""
    match value:
        case date() | time():  # a datetime is a date
            return value.isoformat()
        case timedelta():
            return _clock(value)
        case Decimal():
            return f"{value:f}"
        case bytes() | bytearray() | memoryview():
            return value.hex()
        case UUID():
            return str(value)
    raise TypeError


def _clock(span: timedelta) -> str:
    """MySQL's TIME, which is a span: -838:59:59 to 838:59:59."""
    seconds = abs(span) // timedelta(seconds=1)
    sign = "-" if span < timedelta() else ""
    fraction = f".{abs(span).microseconds:06d}" if span.microseconds else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def _postgres_options(connection: Connection) -> dict[str, Any]:
    silent = {
        "keepalives_idle": SILENCE_SECONDS // 2,
        "keepalives_interval": SILENCE_SECONDS // 6,
        "keepalives_count": 3,
    }
    ours = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8", "application_name": "worker-services"}
    safe = ("sslmode", "sslrootcert", "sslcert", "sslkey")
    return {**ours, **silent, **{name: connection.extra[name] for name in safe if name in connection.extra}}


def _mysql_options(connection: Connection) -> dict[str, Any]:
    ours = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENCE_SECONDS, "charset": "utf8mb4"}
    return {**ours, **({"ssl": connection.extra["ssl"]} if "ssl" in connection.extra else {})}


def _postgres_session(_: sa.Dialect) -> list[str]:
    return [
        "set transaction read only",
        f"set local statement_timeout = {STATEMENT_SECONDS * 1000}",
        "set local time zone 'Asia/Shanghai'",
    ]


def _mysql_session(dialect: sa.Dialect) -> list[str]:
    is_mariadb = bool(getattr(dialect, "is_mariadb", False))
    limit = (
        f"max_statement_time = {STATEMENT_SECONDS}"
        if is_mariadb
        else f"max_execution_time = {STATEMENT_SECONDS * 1000}"
    )
    return [f"set session {limit}", "set session time_zone = '+08:00'", "start transaction read only"]


_ENGINES = {
    "postgres": _Engine("postgresql+psycopg", "psycopg[binary]", _postgres_options, _postgres_session, 5432),
    "mysql": _Engine("mysql+pymysql", "pymysql", _mysql_options, _mysql_session, 3306),
    "mssql": _Engine(
        "mssql+pymssql",
        "pymssql",
        lambda _: {"login_timeout": CONNECT_SECONDS, "timeout": STATEMENT_SECONDS},
        lambda _: [],
        1433,
    ),
    "oracle": _Engine(
        "oracle+oracledb",
        "oracledb",
        lambda _: {"tcp_connect_timeout": CONNECT_SECONDS},
        lambda _: ["set transaction read only"],
        1521,
    ),
}

# PostgreSQL's SQLSTATE (Appendix A of its manual), MySQL's and MariaDB's error numbers, SQL Server's, Oracle's.
_LOGIN_REFUSED = {"28000", "28P01", "1044", "1045", "1698", "3118", "18456", "ORA-01017", "ORA-28000"}
_LOGIN_REFUSED_TEXT = re.compile(r"password authentication failed|认证失败|no pg_hba\.conf entry")
"""PostgreSQL's client library gives no SQLSTATE for a login that fails."""
_READING_REFUSED = {"42501", "1142", "1143", "229", "230", "ORA-01031"}
_TOO_SLOW = {"57014", "1969", "3024"}
_NAMES_WRONG = {"42703", "42P01", "3F000", "1054", "1146", "207", "208", "ORA-00904", "ORA-00942"}
_LINE = re.compile(
    r"08...|53...|57P..|20\d{2,3}|1040|1053|1152|1158|1159|1160|1161|1203|1927|4031|ORA-125\d\d|ORA-0311[34]|DPY-(4011|6\d+)"
)
"""The line or the server: PostgreSQL's connection, resources and shutdown; the clients' own errors (2000 and more)."""
