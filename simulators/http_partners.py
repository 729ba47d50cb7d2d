"""The three partners that answer over HTTP: paged JSON behind a bearer token, one of them with a rate limit."""

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import FastAPI, Request, Response

from simulators.deliveries import Alteration, records
from simulators.faults import Faults
from simulators.world import World
from simulators.writing import Cell

RESOURCES: dict[str, dict[str, str]] = {
    "eye_hospital": {"services": "health_services"},
    "mini_program": {"coupons": "vouchers", "activities": "outreach_events"},
    "job_fair_system": {"fairs": "job_fairs", "postings": "job_postings", "applications": "job_applications"},
}
REQUESTS_PER_SECOND = {"eye_hospital": 5.0}
LARGEST_PAGE = 1000
_SHANGHAI = ZoneInfo("Asia/Shanghai")


def make_app(world: World, partner: str, token: str, faults: Faults) -> FastAPI:
    """The API of one partner. Its faults are read at every request."""
    app = FastAPI(title=f"{partner}（演示数据）", docs_url=None, redoc_url=None, openapi_url=None)
    take = _token_bucket(REQUESTS_PER_SECOND.get(partner))

    @lru_cache(maxsize=8)
    def rows(feed: str, since: np.datetime64, until: np.datetime64, alteration: Alteration) -> list[dict[str, Cell]]:
        return records(world, partner, feed, since, until, alteration)

    @app.middleware("http")
    async def gate(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        await asyncio.sleep(faults.delay(partner))
        if faults.takes_server_error(partner):
            return _answer(500, {"error": "internal", "message": "系统内部错误"})
        expected = f"Bearer {faults.secret(partner, token)}"
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
            return _answer(401, {"error": "unauthorized", "message": "令牌缺失或无效"})
        if not take():
            return _answer(429, {"error": "too_many_requests", "message": "请求过于频繁"}, {"Retry-After": "1"})
        return await call_next(request)

    @app.get("/api/v1/{resource}")
    async def read(
        resource: str, updated_since: str = "", updated_until: str = "", page: int = 1, page_size: int = 200
    ) -> Response:
        feed = RESOURCES[partner].get(resource)
        if feed is None:
            return _answer(404, {"error": "not_found", "message": f"没有资源 {resource}"})
        try:
            since, until = _moment(updated_since), _moment(updated_until)
        except ValueError:
            return _answer(400, {"error": "bad_request", "message": "updated_since、updated_until 须为日期或时间"})
        if page < 1 or not 1 <= page_size <= LARGEST_PAGE:
            return _answer(400, {"error": "bad_request", "message": f"page 自 1 起，page_size 为 1 至 {LARGEST_PAGE}"})
        alteration = faults.alteration(partner, feed)
        found = rows(feed, since, until, alteration)
        body = {
            "data": found[(page - 1) * page_size : page * page_size],
            "page": page,
            "pages": -(-len(found) // page_size),
            "total": len(found),
        }
        answer = _answer(200, body)
        if alteration.truncated:
            return Response(bytes(answer.body)[: len(answer.body) * 3 // 4], 200, media_type="application/json")
        return answer

    return app


def _answer(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode(), status, headers, media_type="application/json")


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
