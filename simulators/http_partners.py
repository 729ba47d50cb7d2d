"""The partners that answer over HTTP, each in its own style: how it pages, and how one says who one is."""

import asyncio
import base64
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import FastAPI, Request, Response

from simulators.deliveries import Alteration, records
from simulators.faults import Faults
from simulators.http_faults import WithFaults
from simulators.world import World
from simulators.writing import Cell

Style = Literal["page", "offset", "cursor", "link"]

RESOURCES: dict[str, dict[str, str]] = {
    "eye_hospital": {"services": "health_services", "appointments": "health_appointments"},
    "mini_program": {"coupons": "vouchers", "activities": "outreach_events", "ratings": "service_ratings"},
    "job_fair_system": {"fairs": "job_fairs", "postings": "job_postings", "applications": "job_applications"},
    "employment_system": {
        "startup-services": "startup_support",
        "employment-filings": "employment_registrations",
    },
    "safety_inspection": {"inspections": "safety_inspections", "hazards": "safety_hazards"},
}
STYLES: dict[tuple[str, str], Style] = {
    ("employment_system", "startup-services"): "cursor",
    ("employment_system", "employment-filings"): "cursor",
    ("safety_inspection", "inspections"): "link",
    ("safety_inspection", "hazards"): "offset",
}
"""All others are paged by number."""
AUTHENTICATION: dict[str, Literal["basic", "oauth2"]] = {"employment_system": "oauth2", "safety_inspection": "basic"}
"""All others take a bearer token."""
TOKEN_PATH = "/oauth2/token"
REQUESTS_PER_SECOND = {"eye_hospital": 5.0}
LARGEST_PAGE = 1000
LINKED_PAGE = 200
_SHANGHAI = ZoneInfo("Asia/Shanghai")

Records = list[dict[str, Cell]]


def make_app(world: World, partner: str, secret: str, faults: Faults, token_seconds: float = 300.0) -> FastAPI:
    """The API of one partner. `secret`: its token, or the password that goes with the partner's own name as login."""
    app = FastAPI(title=f"{partner}（演示数据）", docs_url=None, redoc_url=None, openapi_url=None)
    take = _token_bucket(REQUESTS_PER_SECOND.get(partner))
    tokens: dict[str, float] = {}  # access token -> until when it is good

    @lru_cache(maxsize=8)
    def rows(feed: str, since: np.datetime64, until: np.datetime64, alteration: Alteration) -> Records:
        return records(world, partner, feed, since, until, alteration)

    def is_login(header: str) -> bool:
        login = base64.b64encode(f"{partner}:{faults.secret(partner, secret)}".encode()).decode()
        return _equal(header, f"Basic {login}")

    def is_known(header: str) -> bool:
        kind = AUTHENTICATION.get(partner)
        if kind == "basic":
            return is_login(header)
        if kind == "oauth2":
            is_good = tokens.get(header.removeprefix("Bearer "), 0.0) > time.monotonic()
            return is_good and not faults.has(partner, "wrong_password")
        return _equal(header, f"Bearer {faults.secret(partner, secret)}")

    @app.middleware("http")
    async def gate(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path != TOKEN_PATH and not is_known(request.headers.get("Authorization", "")):
            return _answer(401, {"error": "unauthorized", "message": "令牌或口令缺失、无效"})
        if not take():
            return _answer(429, {"error": "too_many_requests", "message": "请求过于频繁"}, {"Retry-After": "1"})
        return await call_next(request)

    @app.post(TOKEN_PATH)
    async def token(request: Request) -> Response:
        form = (await request.body()).decode()
        if AUTHENTICATION.get(partner) != "oauth2" or "grant_type=client_credentials" not in form.split("&"):
            return _answer(400, {"error": "unsupported_grant_type"})
        if not is_login(request.headers.get("Authorization", "")):
            return _answer(401, {"error": "invalid_client"})
        issued = secrets.token_urlsafe(24)
        tokens[issued] = time.monotonic() + token_seconds
        return _answer(200, {"access_token": issued, "token_type": "Bearer", "expires_in": token_seconds})

    @app.get("/api/v1/{resource}")
    async def read(resource: str, request: Request) -> Response:
        feed = RESOURCES[partner].get(resource)
        if feed is None:
            return _answer(404, {"error": "not_found", "message": f"没有资源 {resource}"})
        query = request.query_params
        try:
            since, until = _moment(query.get("updated_since", "")), _moment(query.get("updated_until", ""))
        except ValueError:
            return _answer(400, {"error": "bad_request", "message": "updated_since、updated_until 须为日期或时间"})
        alteration = faults.alteration(partner, feed)
        found = await asyncio.to_thread(rows, feed, since, until, alteration)
        try:
            answer = _PAGES[STYLES.get((partner, resource), "page")](found, request)
        except ValueError:
            return _answer(400, {"error": "bad_request", "message": f"页码、条数须为正数，每页至多 {LARGEST_PAGE} 条"})
        if alteration.truncated:
            return Response(bytes(answer.body)[: len(answer.body) * 3 // 4], 200, media_type="application/json")
        return answer

    app.add_middleware(WithFaults, partner=partner, faults=faults)
    return app


def _numbered(found: Records, request: Request) -> Response:
    page, size = _number(request, "page", 1, 1), _size(request, "page_size", 200)
    part = found[(page - 1) * size : page * size]
    return _answer(200, {"data": part, "page": page, "pages": -(-len(found) // size), "total": len(found)})


def _by_offset(found: Records, request: Request) -> Response:
    offset, limit = _number(request, "offset", 0, 0), _size(request, "limit", 200)
    return _answer(200, {"rows": found[offset : offset + limit], "offset": offset, "total": len(found)})


def _by_cursor(found: Records, request: Request) -> Response:
    limit, cursor = _size(request, "limit", 200), request.query_params.get("cursor")
    start = int(base64.urlsafe_b64decode(cursor).decode()) if cursor else 0
    end = start + limit
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(found) else None
    return _answer(200, {"items": found[start:end], "next_cursor": following})


def _linked(found: Records, request: Request) -> Response:
    page = _number(request, "page", 1, 1)
    is_last = page * LINKED_PAGE >= len(found)
    following = request.url.include_query_params(page=page + 1)
    headers = None if is_last else {"Link": f'<{following}>; rel="next"'}
    return _answer(200, found[(page - 1) * LINKED_PAGE : page * LINKED_PAGE], headers)


_PAGES: dict[Style, Callable[[Records, Request], Response]] = {
    "page": _numbered,
    "offset": _by_offset,
    "cursor": _by_cursor,
    "link": _linked,
}


def _number(request: Request, name: str, default: int, least: int) -> int:
    number = int(request.query_params.get(name, default))
    if number < least:
        raise ValueError(name)
    return number


def _size(request: Request, name: str, default: int) -> int:
    size = _number(request, name, default, 1)
    if size > LARGEST_PAGE:
        raise ValueError(name)
    return size


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode(), status, headers, media_type="application/json")


def _equal(given: str, agreed: str) -> bool:
    return hmac.compare_digest(given.encode(), agreed.encode())


def _moment(text: str) -> np.datetime64:
    """A date or date-time, in Asia/Shanghai where it has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(_SHANGHAI).replace(tzinfo=None)
    return np.datetime64(moment, "s")


def _token_bucket(per_second: float | None) -> Callable[[], bool]:
    """A function that says whether one more request is let through; None for no limit."""
    if per_second is None:
        return lambda: True
    tokens, last = per_second, time.monotonic()

    def take() -> bool:
        nonlocal tokens, last
        now = time.monotonic()
        tokens, last = min(per_second, tokens + (now - last) * per_second), now
        if tokens < 1:
            return False
        tokens -= 1
        return True

    return take
