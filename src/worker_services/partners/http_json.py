"""Records from a paged JSON API."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import stamina

from worker_services.connections import Connection
from worker_services.intervals import Interval, utc_now
from worker_services.partners.delivery import Delivery, bad_answer, login_refused, not_delivered, unreachable
from worker_services.partners.registry import ApiSource

TIMEOUT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 60.0
ATTEMPTS = 5


class _Busy(Exception):
    """429 or 5xx; `retry_after` are the seconds the partner asks to wait, None where it does not say."""

    def __init__(self, status: int, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.retry_after = retry_after


def fetch(connection: Connection, source: ApiSource, interval: Interval) -> Delivery:
    """Read every page of the interval. `raw` is one record a line, as received. Raises DeliveryFault."""
    scheme = connection.extra.get("schema") or connection.schema_ or "https"
    where = f"{scheme}://{connection.host}:{connection.port}" if connection.port else f"{scheme}://{connection.host}"
    headers = {"Authorization": f"Bearer {connection.password.get_secret_value()}"}
    lines: list[str] = []
    with httpx.Client(base_url=where, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        page, pages, total = 1, 1, 0
        while page <= pages:
            parameters: dict[str, str | int] = {
                source.since_parameter: interval.start.isoformat(),
                source.until_parameter: interval.end.isoformat(),
                source.page_parameter: page,
                source.page_size_parameter: source.page_size,
            }
            body = _page(client, source.path, parameters, where, connection.conn_id)
            try:
                records, pages, total = body[source.records], int(body[source.pages]), int(body[source.total])
                lines += [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records]
            except (KeyError, TypeError, ValueError) as error:
                missing = f"{source.path}: {source.records}, {source.pages}, {source.total}"
                raise bad_answer(where, missing) from error
            page += 1
    raw = "".join(line + "\n" for line in lines).encode()
    return Delivery(raw=raw, source=f"http_json:{source.path}", declared_rows=total)


def _page(
    client: httpx.Client, path: str, parameters: dict[str, str | int], where: str, conn_id: str
) -> dict[str, Any]:
    try:
        for attempt in stamina.retry_context(on=_backoff, attempts=ATTEMPTS, timeout=None, wait_initial=0.2):
            with attempt:
                response = client.get(path, params=parameters)
                if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
                    raise _Busy(response.status_code, _retry_after(response))
    except _Busy as error:
        raise unreachable(where + path, str(error)) from error
    except httpx.TransportError as error:
        raise unreachable(where + path, type(error).__name__) from error
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise login_refused(where + path, conn_id)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise not_delivered(where, path)
    try:
        response.raise_for_status()
        body = response.json()
    except (httpx.HTTPStatusError, ValueError) as error:
        raise bad_answer(where + path, f"HTTP {response.status_code}") from error
    if not isinstance(body, dict):
        raise bad_answer(where + path, "JSON object expected")
    return body


def _backoff(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds where the partner said so."""
    if isinstance(error, _Busy):
        return True if error.retry_after is None else error.retry_after
    return isinstance(error, httpx.TransportError)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the partner asks to wait (RFC 9110, 10.2.3: seconds or a date), within reason."""
    text = response.headers.get("Retry-After")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - utc_now()).total_seconds()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
