"""A page for work on templates: PDF and mail of an issue, made anew whenever templates or configuration change.

It listens on 127.0.0.1 only, writes no file, and sends nothing.
"""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from threading import Lock

import click
import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from watchfiles import awatch

from worker_services.briefing import config as briefing_config
from worker_services.briefing import language, rules
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.render import typeset
from worker_services.intervals import Week
from worker_services.mailing import config as sending_config
from worker_services.mailing.chart import CHART_CID
from worker_services.mailing.compose import summarise
from worker_services.mailing.sending import issue_link
from worker_services.settings import Settings

SECONDS_BETWEEN_SIGNS = 15.0


@dataclass(frozen=True)
class Pages:
    """One edition as it looks now; `fault` is why it cannot be shown, empty where it can."""

    pdf: bytes = b""
    chart: bytes = b""
    html: str = ""
    text: str = ""
    subject: str = ""
    fault: str = ""


@dataclass
class Desk:
    """What is looked at: a week, a build, and the pages made of them since the last change."""

    settings: Settings
    week: Week
    build_id: str | None
    version: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _made: dict[str, Pages] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def pages(self, edition: str) -> Pages:
        """Made when first asked for after a change; one at a time, since the typesetter's faults are per thread."""
        with self._lock:
            if edition not in self._made:
                self._made[edition] = self._make(edition)
            return self._made[edition]

    def forget(self) -> None:
        """Make everything anew from now on, and tell the browsers."""
        for loaded in (briefing_config._load, rules._load, sending_config._load, language.load_language):
            loaded.cache_clear()
        self._made = {}
        self.version += 1
        self.changed.set()
        self.changed = asyncio.Event()

    def _make(self, edition: str) -> Pages:
        try:
            path = build_path(self.settings, self.build_id)
            briefing = read_briefing(path, briefing_config.load_config(self.settings), edition, self.week)
            link = issue_link(sending_config.load_config(self.settings).reports_url, self.week, edition)
            summary = summarise(self.settings.project_root / "templates", briefing, link)
            pdf, _, _ = typeset(self.settings, briefing)
            return Pages(pdf, summary.chart, summary.html, summary.text, summary.subject)
        except Exception as error:  # whatever a template can do wrong belongs on the page
            last = traceback.extract_tb(error.__traceback__)[-1]
            return Pages(fault=f"{type(error).__name__}: {error}\n{last.filename}:{last.lineno}")


def serve(
    settings: Settings,
    week: Week,
    edition: str,
    build_id: str | None = None,
    port: int = 0,
    announce: Callable[[str], object] = click.echo,
) -> None:
    """Serve until interrupted; `announce` is told the page's address.

    Raises BriefingError when there is no build, or no such edition.
    """
    build_path(settings, build_id)
    briefing_config.load_config(settings).edition(edition)
    with socket.create_server(("127.0.0.1", port)) as listening:
        announce(f"http://127.0.0.1:{listening.getsockname()[1]}/{edition}")
        server = uvicorn.Server(
            uvicorn.Config(
                application(Desk(settings, week, build_id)), log_level="warning", timeout_graceful_shutdown=1
            )
        )
        server.run(sockets=[listening])


def application(desk: Desk) -> Starlette:
    """The pages as a web application; while it runs it watches templates, configuration and translations."""
    own = Environment(
        loader=FileSystemLoader(desk.settings.project_root / "templates" / "mail"),
        autoescape=True,
        undefined=StrictUndefined,
    )

    def index(request: Request) -> Response:
        edition = request.path_params.get("edition") or next(iter(briefing_config.load_config(desk.settings).editions))
        editions = briefing_config.load_config(desk.settings).editions
        if edition not in editions:
            return PlainTextResponse(f"there is no edition '{edition}'", status_code=404)
        version, made = desk.version, desk.pages(edition)
        page = own.get_template("preview.html.j2").render(
            week=desk.week, edition=edition, editions=editions, made=made, version=version
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    def part(request: Request) -> Response:
        made, name = desk.pages(request.path_params["edition"]), request.path_params["part"]
        if made.fault:
            return HTMLResponse(f"<pre>{escape(made.fault)}</pre>", status_code=500)
        shown = {
            "issue.pdf": (made.pdf, "application/pdf"),
            "mail.html": (made.html.replace(f"cid:{CHART_CID}", "chart.png"), "text/html"),
            "mail.txt": (made.text, "text/plain"),
            "chart.png": (made.chart, "image/png"),
        }
        if name not in shown:
            return PlainTextResponse("not here", status_code=404)
        content, media_type = shown[name]
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})

    async def changes(request: Request) -> Response:
        known = int(request.query_params.get("version", desk.version))

        async def signs() -> AsyncIterator[str]:
            while not await request.is_disconnected():
                if desk.version != known:
                    yield f"data: {desk.version}\n\n"
                    return
                try:
                    await asyncio.wait_for(desk.changed.wait(), SECONDS_BETWEEN_SIGNS)
                except TimeoutError:
                    yield ": still here\n\n"

        return StreamingResponse(signs(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @asynccontextmanager
    async def watching(_: Starlette) -> AsyncIterator[None]:
        async def watch() -> None:
            root = desk.settings.project_root
            async for _found in awatch(root / "templates", root / "config", language.LOCALES, recursive=True):
                desk.forget()

        task = asyncio.create_task(watch())
        yield
        task.cancel()

    return Starlette(
        routes=[
            Route("/", index),
            Route("/changes", changes),
            Route("/{edition}", index),
            Route("/{edition}/{part}", part),
        ],
        lifespan=watching,
    )
