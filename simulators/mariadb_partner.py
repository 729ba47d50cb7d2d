"""The contract register's MariaDB: a server of its own in a temporary folder, from Debian's mariadb-server-core."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymysql
from pymysql.converters import escape_string

from simulators.deliveries import Alteration, database_rows, header
from simulators.faults import Faults
from simulators.server_process import HeldPort, hand_over, hold_port, make_home, service_user, spawn
from simulators.vocabulary import FIELDS
from simulators.world import World

PARTNER = "contract_register"
DATABASE = "htba"  # 合同备案
LOGIN = "htba_duqu"  # 合同备案只读
VIEWS = {"labour_contracts": "ldht_bab", "collective_contracts": "jtht_bab"}
_OWNER = "owner"
_SYSTEM_TABLES = (
    "mysql/mysql_system_tables.sql",
    "mariadb/mariadb_system_tables.sql",
    "mysql/mariadb_system_tables.sql",
)
# Small, and quick to make: what a crash would lose is made again from the seed. `loose`: unknown ones are no error.
_ENGINE = [
    "--loose-innodb-log-file-size=4M",
    "--loose-innodb-buffer-pool-size=16M",
    "--loose-innodb-data-file-path=ibdata1:2M:autoextend",
    "--loose-innodb-temp-data-file-path=ibtmp1:2M:autoextend",
    "--loose-innodb-flush-log-at-trx-commit=0",
    "--loose-innodb-doublewrite=0",
    "--loose-innodb-flush-method=nosync",
    "--loose-innodb-use-native-aio=0",
]


@dataclass
class MariaDB:
    """A data folder below `home` and, while it runs, its process. `user` is the OS account it runs under, for root."""

    home: Path
    program: Path
    port: HeldPort
    owner_password: str
    user: str | None
    process: subprocess.Popen[bytes]


def initialise(owner_password: str) -> MariaDB:
    """Begin to make the system tables; `start` waits for them. Raises RuntimeError where MariaDB is not installed.

    The server itself reads its own SQL script; the owner's password stands from the first moment on.
    """
    program = _program()
    script = _system_tables(program)
    home = make_home()
    user = service_user()
    (home / "data").mkdir(mode=0o700)
    statements = home / "bootstrap.sql"
    statements.touch(mode=0o600)
    statements.write_bytes(
        b"create database mysql;\nuse mysql;\n"
        + script.read_bytes()
        + b"\ninsert into global_priv values ('127.0.0.1', '%s', json_object('access', ~0,"
        b" 'plugin', 'mysql_native_password', 'authentication_string', password('%s')));\n"
        % (_OWNER.encode(), escape_string(owner_password).encode())
    )
    hand_over(user, home, home / "data", statements)
    process = spawn(
        [*_command(program, home), "--bootstrap"],
        user,
        home / "bootstrap.log",
        at_parents_end=signal.SIGKILL,
        standard_input=statements,
    )
    return MariaDB(home, program, hold_port(), owner_password, user, process)


def start(server: MariaDB) -> None:
    """Wait for the system tables, then start the server. Raises RuntimeError with its log."""
    if server.process.wait(timeout=60) != 0:
        raise RuntimeError((server.home / "bootstrap.log").read_text(errors="replace"))
    (server.home / "bootstrap.sql").unlink()
    _run(server)


def stop(server: MariaDB) -> None:
    """Stop the server at once, and wait for it; connections are cut."""
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait(timeout=10)


def remove(server: MariaDB) -> None:
    """Stop the server, and delete it: it is made again from the seed."""
    stop(server)
    server.port.close()
    shutil.rmtree(server.home, ignore_errors=True)


@contextlib.contextmanager
def connect(server: MariaDB, database: str | None = DATABASE) -> Iterator["pymysql.cursors.Cursor"]:
    """A cursor as owner, waiting until the server answers; commits at the end. Raises RuntimeError with its log."""
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = pymysql.connect(
                host="127.0.0.1",
                port=server.port.number,
                user=_OWNER,
                password=server.owner_password,
                database=database,
                charset="utf8mb4",
                connect_timeout=5,
                read_timeout=60,
            )
            break
        except pymysql.err.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.home / "mariadb.log").read_text(errors="replace")) from None
            time.sleep(0.05)
    with connection, connection.cursor() as cursor:
        yield cursor
        connection.commit()


def load(server: MariaDB, world: World, password: str) -> None:
    """Make the database, its tables with every change of the year, the views, and the read-only login."""
    with connect(server, None) as owner:
        owner.execute(f"create database {DATABASE} character set utf8mb4")
        owner.execute(f"create user {LOGIN}@'127.0.0.1' identified by %s", (password,))
    with connect(server) as owner:
        for feed, view in VIEWS.items():
            names = list(FIELDS[PARTNER, feed].values())
            columns = ", ".join(f"{name} {'datetime' if name == 'gxsj' else 'varchar(200)'}" for name in names)
            owner.execute(f"create table {view}_lishi (xh integer primary key, {columns})")
            _insert(owner, f"{view}_lishi", len(names) + 1, database_rows(world, PARTNER, feed))
            _show(owner, feed, Alteration(), 0.0)


def apply_faults(server: MariaDB, faults: Faults, password: str) -> None:
    """Bring views, password and process in line with what is switched on."""
    if faults.has(PARTNER, "down"):
        stop(server)
        return
    if server.process.poll() is not None:
        _run(server)
    with connect(server) as owner:
        for feed in VIEWS:
            _show(owner, feed, faults.alteration(PARTNER, feed), faults.delay(PARTNER))
        owner.execute(f"alter user {LOGIN}@'127.0.0.1' identified by %s", (faults.secret(PARTNER, password),))


def _insert(owner: "pymysql.cursors.Cursor", table: str, width: int, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        owner.executemany(f"insert into {table} values ({', '.join(['%s'] * width)})", rows)


def _show(owner: "pymysql.cursors.Cursor", feed: str, alteration: Alteration, delay: float) -> None:
    """(Re)make the view that the login reads."""
    view = VIEWS[feed]
    shown = header(PARTNER, feed, alteration)
    columns = ", ".join(f"{name} as {shown[column]}" for column, name in FIELDS[PARTNER, feed].items())
    conditions = ["false" if alteration.empty else "true"]
    if alteration.replaced:
        conditions.append("xh % 10 <> 0")
    if delay:
        conditions.append(f"(select sleep({float(delay)})) = 0")
    owner.execute(
        f"create or replace view {view} as select xh, {columns} from {view}_lishi where {' and '.join(conditions)}"
    )
    owner.execute(f"grant select on {DATABASE}.{view} to {LOGIN}@'127.0.0.1'")


def _run(server: MariaDB) -> None:
    command = [
        *_command(server.program, server.home),
        "--bind-address=127.0.0.1",
        f"--port={server.port.number}",
        f"--socket={server.home / 'socket'}",
        f"--pid-file={server.home / 'pid'}",
        "--skip-name-resolve",
        "--max-connections=30",
        "--character-set-server=utf8mb4",
    ]
    server.process = spawn(command, server.user, server.home / "mariadb.log", at_parents_end=signal.SIGKILL)


def _command(program: Path, home: Path) -> list[str]:
    return [str(program), "--no-defaults", f"--datadir={home / 'data'}", f"--tmpdir={home / 'data'}", *_ENGINE]


def _program() -> Path:
    found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/libexec")
    if found is None:
        raise RuntimeError("MariaDB is not installed: apt-get install mariadb-server-core (it provides mariadbd)")
    return Path(found).resolve()


def _system_tables(program: Path) -> Path:
    """The server's own script of its system tables."""
    folder = program.parent.parent / "share"
    for name in _SYSTEM_TABLES:
        if (folder / name).exists():
            return folder / name
    raise RuntimeError(f"{program} is there, but none of {', '.join(_SYSTEM_TABLES)} below {folder}")
