"""Faults of HTTP itself, put before the system of a partner: refusals, haste, drips, cuts, wrong lengths."""

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.faults import FaultName, Faults

STATUSES: dict[FaultName, int] = {
    "server_error": 500,
    "forbidden": 403,
    "not_found": 404,
    "gone": 410,
    "too_many_requests": 429,
    "unavailable": 503,
}
RETRY_AFTER_SECONDS = 1
_DRIP_SECONDS = 0.1


class WithFaults:
    """An application as its partner's faults let it appear; they are read at every request."""

    def __init__(self, app: ASGIApp, partner: str, faults: Faults) -> None:
        self.app = app
        self.partner = partner
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self.faults.delay(self.partner))
        for name, status in STATUSES.items():
            if self.faults.takes(self.partner, name):
                await _refuse(send, status, name)
                return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, collect)
        await send(start)
        if body and (self.faults.takes(self.partner, "reset") or self.faults.takes(self.partner, "wrong_length")):
            # uvicorn closes the connection of an answer that stays shorter than its Content-Length
            await send({"type": "http.response.body", "body": bytes(body[: len(body) // 2]), "more_body": True})
            return
        drop = int(self.faults.value(self.partner, "drip"))
        while drop and body:
            await send({"type": "http.response.body", "body": bytes(body[:drop]), "more_body": True})
            del body[:drop]
            await asyncio.sleep(_DRIP_SECONDS)
        await send({"type": "http.response.body", "body": bytes(body)})


async def _refuse(send: Send, status: int, name: str) -> None:
    headers = [(b"content-type", b"application/json")]
    if status in (429, 503):
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": name}).encode()})
