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

from simulators import database_partner, http_partners, sftp_partners
from simulators.control import write_environment
from simulators.database_partner import Postgres
from simulators.faults import OF_CONTENT, FaultName, Faults
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
    faults: Faults = field(default_factory=Faults)
    passwords: dict[str, str] = field(default_factory=lambda: {name: secrets.token_urlsafe(18) for name in PARTNERS})
    ports: dict[str, int] = field(default_factory=dict)
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    delivered: list[Interval] = field(default_factory=list)
    http: dict[str, tuple[_QuietServer, asyncio.Task[None]]] = field(default_factory=dict)
    sftp: dict[str, asyncssh.SSHAcceptor] = field(default_factory=dict)


async def open_partner(city: City, partner: str) -> None:
    """Start a partner's server, on the port it had before if it had one."""
    if partner in http_partners.RESOURCES:
        app = http_partners.make_app(city.world, partner, city.passwords[partner], city.faults)
        city.ports[partner] = await _serve_http(city, partner, app, city.ports.get(partner, 0))
    elif partner in sftp_partners.SFTP_PARTNERS:
        city.sftp[partner] = await sftp_partners.listen(
            partner,
            city.passwords[partner],
            city.folder / "sftp" / partner,
            city.host_key,
            city.faults,
            city.ports.get(partner, 0),
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
        common = {"host": "127.0.0.1", "port": city.ports[partner], "password": city.passwords[partner]}
        if partner in http_partners.RESOURCES:
            specific: dict[str, object] = {"conn_type": "http", "schema": "http", "login": partner}
        elif partner in sftp_partners.SFTP_PARTNERS:
            extra = {"host_key": " ".join(public_key[:2]), "no_host_key_check": "false"}
            specific = {"conn_type": "sftp", "login": partner, "extra": extra}
        else:
            specific = {"conn_type": "postgres", "login": database_partner.LOGIN, "schema": database_partner.DATABASE}
        found[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps({**specific, **common}, ensure_ascii=False)
    return found


def deliver(city: City, interval: Interval) -> None:
    """Put the interval's files into the SFTP folders; a second time overwrites them with the same bytes."""
    for partner in sftp_partners.SFTP_PARTNERS:
        folder = city.folder / "sftp" / partner
        sftp_partners.put_files(city.world, partner, folder, interval, city.faults, again=True)
    if interval not in city.delivered:
        city.delivered.append(interval)


async def _apply_faults(city: City, partner: str) -> None:
    """Bring a partner's servers and files in line with what is switched on."""
    if partner == database_partner.PARTNER:
        database_partner.apply_faults(city.database, city.faults, city.passwords[partner])
        return
    is_open = partner in city.http or partner in city.sftp
    if city.faults.has(partner, "down") and is_open:
        await close_partner(city, partner)
    elif not city.faults.has(partner, "down") and not is_open:
        await open_partner(city, partner)
    if partner in sftp_partners.SFTP_PARTNERS:
        for interval in city.delivered:
            folder = city.folder / "sftp" / partner
            sftp_partners.put_files(city.world, partner, folder, interval, city.faults, again=False)


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
        if order.partner == database_partner.PARTNER and order.fault in ("truncated", "server_error"):
            raise HTTPException(400, f"{order.fault} does not apply to a database")
        if order.partner in sftp_partners.SFTP_PARTNERS and order.fault == "server_error":
            raise HTTPException(400, "server_error applies to HTTP partners only")
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
    intervals: list[Interval],
    environment_file: Path | None,
    parent: int,
) -> None:
    """Start everything, print one JSON line, and stay until a signal comes or the parent is gone."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    city = City(world, folder, database)
    for partner in PARTNERS:
        await open_partner(city, partner)
    for interval in intervals:
        deliver(city, interval)
    world.write_dirt(folder / "dirt.jsonl", intervals)
    database_partner.load(database, world, city.passwords[database_partner.PARTNER])
    city.ports[database_partner.PARTNER] = database.port
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
