"""All simulated partners in one process (PostgreSQL beside it), and a small control API for deliveries and faults."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from simulators import (
    database_partner,
    fhir_partner,
    folder_partners,
    http_partners,
    mariadb_partner,
    outboxes,
    sftp_partners,
)
from simulators.control import write_environment
from simulators.database_partner import Postgres
from simulators.faults import FAULT_NAMES, OF_CONTENT, FaultName, Faults
from simulators.mariadb_partner import MariaDB
from simulators.vocabulary import CONNECTION_IDS, PARTNERS
from simulators.world import Interval, World

PARENT_CHECK_SECONDS = 0.5


class _QuietServer(uvicorn.Server):
    """Leaves signals to the whole."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class DeliveryOrder(BaseModel):
    interval: str


class FaultOrder(BaseModel):
    partner: str
    fault: FaultName
    feed: str | None = None
    value: float | None = None


@dataclass
class City:
    """Everything that runs: the world, what is switched on, ports and passwords by partner."""

    world: World
    folder: Path
    database: Postgres
    mariadb: MariaDB
    faults: Faults = field(default_factory=Faults)
    passwords: dict[str, str] = field(default_factory=lambda: {name: secrets.token_urlsafe(18) for name in PARTNERS})
    ports: dict[str, int] = field(default_factory=dict)
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    login_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    delivered: list[Interval] = field(default_factory=list)
    fhir_key: tuple[str, str] = field(default_factory=fhir_partner.make_key)
    http: dict[str, tuple[_QuietServer, asyncio.Task[None]]] = field(default_factory=dict)
    sftp: dict[str, asyncssh.SSHAcceptor] = field(default_factory=dict)


async def open_partner(city: City, partner: str) -> None:
    """Start a partner's server, on the port it had before if it had one."""
    if partner in http_partners.RESOURCES:
        app = http_partners.make_app(city.world, partner, city.passwords[partner], city.faults)
        city.ports[partner] = await _serve_http(city, partner, app, city.ports.get(partner, 0))
    elif partner == fhir_partner.PARTNER:
        app = fhir_partner.make_app(city.world, city.fhir_key[1], city.faults)
        city.ports[partner] = await _serve_http(city, partner, app, city.ports.get(partner, 0))
    elif partner in sftp_partners.SFTP_PARTNERS:
        city.sftp[partner] = await sftp_partners.listen(
            partner,
            city.passwords[partner],
            _root(city, partner),
            city.host_key,
            city.faults,
            city.ports.get(partner, 0),
            city.login_key if partner in sftp_partners.KEY_LOGINS else None,
        )
        city.ports[partner] = city.sftp[partner].get_port()


async def close_partner(city: City, partner: str) -> None:
    if partner in city.http:
        server, task = city.http.pop(partner)
        server.should_exit = server.force_exit = True
        await task
    if partner in city.sftp:
        # No wait_closed(): from Python 3.12 on it would wait for every client that is still connected.
        city.sftp.pop(partner).close()


async def _serve_http(city: City, name: str, app: FastAPI, port: int) -> int:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    settings = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    server = _QuietServer(settings)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    city.http[name] = (server, task)
    return int(listener.getsockname()[1])


def connections(city: City) -> dict[str, str]:
    """Airflow connections: name of the environment variable -> JSON."""
    public_key = city.host_key.export_public_key("openssh").decode().split()
    found = {}
    for partner, conn_id in CONNECTION_IDS.items():
        common = {"host": "127.0.0.1", "port": city.ports.get(partner), "password": city.passwords[partner]}
        if partner in http_partners.RESOURCES:
            specific: dict[str, object] = {"conn_type": "http", "schema": "http", "login": partner}
        elif partner == fhir_partner.PARTNER:
            specific = fhir_partner.connection(city.ports[partner], city.fhir_key[0])
        elif partner in sftp_partners.SFTP_PARTNERS:
            extra = {"host_key": " ".join(public_key[:2]), "no_host_key_check": "false"}
            if partner in sftp_partners.KEY_LOGINS:
                extra["private_key"] = city.login_key.export_private_key().decode()
            specific = {"conn_type": "sftp", "login": partner, "extra": extra}
        elif partner in folder_partners.FOLDER_PARTNERS:
            specific, common = {"conn_type": "fs", "extra": {"path": str(_root(city, partner))}}, {}
        elif partner == mariadb_partner.PARTNER:
            specific = {"conn_type": "mysql", "login": mariadb_partner.LOGIN, "schema": mariadb_partner.DATABASE}
        else:
            specific = {"conn_type": "postgres", "login": database_partner.LOGIN, "schema": database_partner.DATABASE}
        found[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps({**specific, **common}, ensure_ascii=False)
    return found


def _root(city: City, partner: str) -> Path:
    """The folder that a partner's files lie in."""
    kind = "folder" if partner in folder_partners.FOLDER_PARTNERS else "sftp"
    return city.folder / kind / partner


def deliver(city: City, interval: Interval) -> None:
    """Put the interval's files into the partners' folders; a second time overwrites them with the same bytes."""
    for partner in outboxes.OUTBOXES:
        outboxes.put_files(city.world, partner, _root(city, partner), interval, city.faults, again=True)
    if interval not in city.delivered:
        city.delivered.append(interval)


async def _apply_faults(city: City, partner: str) -> None:
    """Bring a partner's servers and files in line with what is switched on."""
    if partner == database_partner.PARTNER:
        database_partner.apply_faults(city.database, city.faults, city.passwords[partner])
        return
    if partner == mariadb_partner.PARTNER:
        mariadb_partner.apply_faults(city.mariadb, city.faults, city.passwords[partner])
        return
    if partner in folder_partners.FOLDER_PARTNERS:
        folder_partners.open_folder(_root(city, partner), city.faults.has(partner, "down"))
        if city.faults.has(partner, "down"):
            return
    if partner in city.sftp:
        await close_partner(city, partner)  # its host key may be another one now
    is_open = partner in city.http or partner in city.sftp
    if city.faults.has(partner, "down") and is_open:
        await close_partner(city, partner)
    elif not city.faults.has(partner, "down") and not is_open:
        await open_partner(city, partner)
    if partner in outboxes.OUTBOXES:
        for interval in city.delivered:
            outboxes.put_files(city.world, partner, _root(city, partner), interval, city.faults, again=False)


def _faults_of(partner: str) -> set[str]:
    """The faults that a partner's protocol can have."""
    of_files_alone = {"host_key_changed", "permission_denied"}
    if partner in (database_partner.PARTNER, mariadb_partner.PARTNER):
        return {"down", "wrong_password", "slow"} | OF_CONTENT - {"truncated"}
    if partner in folder_partners.FOLDER_PARTNERS:
        return {"down"} | OF_CONTENT
    if partner in sftp_partners.SFTP_PARTNERS:
        return {"down", "wrong_password", "slow", "reset", "drip"} | of_files_alone | OF_CONTENT
    return set(FAULT_NAMES) - of_files_alone


def make_control(city: City) -> FastAPI:
    """The control API, for the demo and the tests: no partner has it."""
    app = FastAPI(title="simulators", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/deliver")
    async def order_delivery(order: DeliveryOrder) -> dict[str, list[str]]:
        try:
            deliver(city, Interval.parse(order.interval))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return {"delivered": [str(interval) for interval in city.delivered]}

    @app.post("/faults")
    async def order_fault(order: FaultOrder) -> dict[str, str]:
        if order.partner not in PARTNERS or (order.feed and order.feed not in PARTNERS[order.partner]):
            raise HTTPException(404, f"no such partner or feed: {order.partner} {order.feed}")
        if order.fault not in _faults_of(order.partner):
            raise HTTPException(400, f"{order.fault} does not apply to {order.partner}: it speaks another protocol")
        if order.feed and order.fault not in OF_CONTENT:
            raise HTTPException(400, f"{order.fault} is a fault of a partner, not of a feed")
        city.faults.switch_on(order.partner, order.fault, order.feed, order.value)
        await _apply_faults(city, order.partner)
        return {"partner": order.partner, "fault": order.fault}

    @app.delete("/faults/{partner}")
    async def clear_faults(partner: str) -> dict[str, str]:
        if partner not in PARTNERS:
            raise HTTPException(404, f"no such partner: {partner}")
        city.faults.clear(partner)
        await _apply_faults(city, partner)
        return {"partner": partner}

    return app


async def serve(
    world: World,
    folder: Path,
    database: Postgres,
    mariadb: MariaDB,
    intervals: list[Interval],
    environment_file: Path | None,
    parent: int,
) -> None:
    """Start everything, print one JSON line, and stay until a signal comes or the parent is gone."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    city = City(world, folder, database, mariadb)
    for partner in PARTNERS:
        await open_partner(city, partner)
    for interval in intervals:
        deliver(city, interval)
    world.write_dirt(folder / "dirt.jsonl", intervals)
    database_partner.load(database, world, city.passwords[database_partner.PARTNER])
    city.ports[database_partner.PARTNER] = database.port.number
    mariadb_partner.load(mariadb, world, city.passwords[mariadb_partner.PARTNER])
    city.ports[mariadb_partner.PARTNER] = mariadb.port.number
    control = await _serve_http(city, "control", make_control(city), 0)
    found = connections(city)
    if environment_file:
        write_environment(environment_file, found)
    ready = {
        "ready": True,
        "connections": found,
        "control": f"http://127.0.0.1:{control}",
        "dirt": str(folder / "dirt.jsonl"),
        "delivered": [str(interval) for interval in intervals],
        "seed": world.seed,
        "dirt_rate": world.dirt_rate,
    }
    print(json.dumps(ready, ensure_ascii=False), flush=True)
    while not stop.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PARENT_CHECK_SECONDS)
    for name in [*city.http, *city.sftp]:
        await close_partner(city, name)
