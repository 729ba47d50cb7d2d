"""A partner's HTTP interface, for every connector that uses one: who we are, how long we wait, what a fault becomes.

Nothing that a partner answers is quoted: a message names the place, the status and what to do. Tokens stand in headers
alone, and headers go to the partner's own origin alone.
"""

import hashlib
import json
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote_plus

import httpx
import stamina

from worker_services.connections import Connection
from worker_services.intervals import utc_now
from worker_services.partners.delivery import (
    DeliveryFault,
    Sink,
    bad_answer,
    login_refused,
    not_delivered,
    unreachable,
)

ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.2
JITTER_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0  # what a partner asks beyond it is left to the next run of the task
TIMEOUT_SECONDS = 30.0  # without any byte
DRIP_SECONDS = 30.0
LEAST_BYTES_PER_SECOND = 1024  # an answer that stays below it for DRIP_SECONDS is cut off
LARGEST_ANSWER = 64 << 20  # bytes of an answer that is read whole: a page, a list of files
_TOKEN_SECONDS = 300.0  # how long a token lasts whose server does not say so

# Both write the URLs they ask for, and a link that a partner has signed is as good as a password.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Taken = TypeVar("Taken")


class TryAgain(Exception):
    """An answer worth asking for again; `retry_after` seconds where the partner says when. Its text names no data."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Gone(DeliveryFault):
    """A link that was good once: what it led to must be asked for from the start."""


def gone(where: str, what: str) -> Gone:
    return Gone(
        f"{where} 上的 {what} 已失效或已撤下。系统将自动从头重新提取；多次如此时，请联系合作单位确认链接的有效期。",
        f"{what} at {where} has expired or was taken away; asked for again from the start by itself; if it happens "
        "again and again, ask the partner how long its links last",
        retryable=True,
    )


class Credentials(Protocol):
    """What makes a request ours."""

    def headers(self, api: "Api") -> dict[str, str]:
        """Headers to send. Raises TryAgain or DeliveryFault when they must be fetched and cannot."""

    def renew(self) -> bool:
        """Forget what the partner has just refused; whether another try makes sense."""


class FixedHeaders:
    """Credentials that never change: a token, a login, a key."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def headers(self, api: "Api") -> dict[str, str]:
        return self._headers

    def renew(self) -> bool:
        return False


def bearer(connection: Connection) -> FixedHeaders:
    return FixedHeaders({"Authorization": f"Bearer {connection.password.get_secret_value()}"})


def basic(connection: Connection) -> FixedHeaders:
    return FixedHeaders({"Authorization": _basic(connection.login, connection.password.get_secret_value())})


def api_key(connection: Connection, header: str) -> FixedHeaders:
    return FixedHeaders({header: connection.password.get_secret_value()})


class AccessToken:
    """A token of limited life (RFC 6749, 5.1), fetched when first needed, shortly before it expires, and when refused.

    `request` gives the token endpoint, the form to post there and the headers to send with it; it is called anew for
    each token, since a signed assertion is good for one.
    """

    def __init__(self, request: Callable[["Api"], tuple[str, dict[str, str], dict[str, str]]]) -> None:
        self._request = request
        self._token = ""
        self._renew_at = 0.0

    def headers(self, api: "Api") -> dict[str, str]:
        if not self._token or time.monotonic() >= self._renew_at:
            self._fetch(api)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        self._token = ""
        return True

    def _fetch(self, api: "Api") -> None:
        url, form, headers = self._request(api)
        answer = api.once(
            "POST",
            url,
            read_whole,
            what="token",
            data=form,
            headers=headers,
            accepted={200, 400, 401, 404},
            is_ours=False,
        )
        if answer.status in (400, 401):  # invalid_client and its like, RFC 6749, 5.2
            raise login_refused(api.where, api.conn_id)
        body = answer.json(api.where) if answer.status == 200 else None
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(token, str) or not token:
            raise bad_answer(api.where, f"token: HTTP {answer.status}")
        seconds = body.get("expires_in")
        lasts = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else _TOKEN_SECONDS
        self._token = token
        self._renew_at = time.monotonic() + lasts - min(30.0, lasts / 10)


def client_credentials(connection: Connection, token_path: str, scope: str | None) -> AccessToken:
    """OAuth 2.0 client credentials; the client says who it is by HTTP Basic (RFC 6749, 2.3.1)."""
    form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    login = _basic(quote_plus(connection.login), quote_plus(connection.password.get_secret_value()))
    return AccessToken(lambda api: (token_path, form, {"Authorization": login}))


@dataclass(frozen=True)
class Answer:
    """An answer read whole; `next_url` is its link to the next one (RFC 8288, rel="next")."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL
    next_url: str | None

    def text(self) -> str:
        """The body in the encoding it names, UTF-8 where it names none. Raises ValueError for a byte that is none."""
        charset = httpx.Response(200, headers=self.headers).charset_encoding
        encoding = charset or json.detect_encoding(self.body)
        try:
            return self.body.decode("gb18030" if encoding.lower() in ("gbk", "gb2312") else encoding).lstrip("\ufeff")
        except LookupError:
            raise ValueError("unknown character set") from None

    def json(self, where: str) -> Any:
        """The body as JSON. Raises DeliveryFault."""
        try:
            return json.loads(self.text())
        except (ValueError, RecursionError):
            raise bad_answer(where, "JSON") from None


class Api:
    """One partner's origin and how to ask it."""

    def __init__(self, client: httpx.Client, where: str, conn_id: str, credentials: Credentials) -> None:
        self._client = client
        self._credentials = credentials
        self.where = where
        self.conn_id = conn_id

    def get(self, url: str | httpx.URL, what: str, **options: Any) -> Answer:
        """Read an answer whole. `options` as of `call`. Raises DeliveryFault."""
        return self.call("GET", url, read_whole, what=what, **options)

    def call(
        self,
        method: str,
        url: str | httpx.URL,
        take: Callable[[httpx.Response], Taken],
        *,
        what: str,
        attempts: int | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
        **options: Any,
    ) -> Taken:
        """Ask, and ask again where that can help; `take` reads the answer and may be called more than once.

        `what` stands for the URL in messages; `headers` gives the headers of each try. Other `options` as of `once`.
        Raises DeliveryFault.
        """
        waits = {"wait_initial": FIRST_WAIT_SECONDS, "wait_max": LONGEST_WAIT_SECONDS, "wait_jitter": JITTER_SECONDS}
        try:
            for attempt in stamina.retry_context(on=_wait, attempts=attempts or ATTEMPTS, timeout=None, **waits):
                with attempt:
                    return self.once(method, url, take, what=what, headers=headers(), **options)
        except TryAgain as error:
            raise unreachable(f"{self.where} {what}", str(error)) from error
        raise AssertionError("a try either returns or raises")

    def once(
        self,
        method: str,
        url: str | httpx.URL,
        take: Callable[[httpx.Response], Taken],
        *,
        what: str,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None = None,
        data: Mapping[str, str] | None = None,
        accepted: Collection[int] = (200,),
        is_ours: bool = True,
    ) -> Taken:
        """Ask once, with our credentials where `is_ours`. Raises TryAgain, DeliveryFault."""
        for is_last in (False, True):
            own = self._credentials.headers(self) if is_ours else {}
            try:
                with self._client.stream(method, url, params=params, data=data, headers={**headers, **own}) as response:
                    if response.status_code == 401 and is_ours and not is_last and self._credentials.renew():
                        continue
                    self._refuse(response, what, accepted)
                    return take(response)
            except httpx.InvalidURL:
                raise bad_answer(self.where, what) from None
            except httpx.HTTPError as error:  # resets, cuts, wrong lengths, timeouts, names that do not resolve
                raise TryAgain(type(error).__name__) from error
        raise AssertionError("the second try either returns or raises")

    def link(self, base: httpx.URL, target: str, what: str) -> httpx.URL:
        """A link of an answer; it may not lead to another origin, where our credentials have no business."""
        try:
            url = base.join(target)
        except httpx.InvalidURL:
            raise bad_answer(self.where, what) from None
        if _origin(url) != _origin(httpx.URL(self.where)):
            raise bad_answer(self.where, f"{what}: other origin")
        return url

    def _refuse(self, response: httpx.Response, what: str, accepted: Collection[int]) -> None:
        status, where = response.status_code, f"{self.where} {what}"
        if status in accepted:
            return
        if status in (401, 403):
            raise login_refused(where, self.conn_id)
        if status == 404:
            raise not_delivered(self.where, what)
        if status == 410:
            raise gone(self.where, what)
        if status in (408, 425, 429) or status >= 500:
            raise TryAgain(f"HTTP {status}", retry_after(response.headers))
        raise bad_answer(where, f"HTTP {status}")


@contextmanager
def open_api(connection: Connection, credentials: Credentials) -> Iterator[Api]:
    """The interface at the connection's host; HTTPS unless the connection says otherwise."""
    scheme = connection.extra.get("schema") or connection.schema_ or "https"
    where = f"{scheme}://{connection.host}:{connection.port}" if connection.port else f"{scheme}://{connection.host}"
    with httpx.Client(base_url=where, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        yield Api(client, where, connection.conn_id, credentials)


def chunks(response: httpx.Response) -> Iterator[bytes]:
    """The body as it comes. Raises TryAgain when it comes in drips."""
    since, had = time.monotonic(), 0
    for chunk in response.iter_bytes():
        yield chunk
        elapsed = time.monotonic() - since
        if elapsed >= DRIP_SECONDS:
            if response.num_bytes_downloaded - had < elapsed * LEAST_BYTES_PER_SECOND:
                raise TryAgain(f"< {LEAST_BYTES_PER_SECOND} B/s")
            since, had = time.monotonic(), response.num_bytes_downloaded


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that the partner asks to wait (RFC 9110, 10.2.3: seconds or a date), within reason; None: not said."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment - utc_now()).total_seconds()
        except (ValueError, TypeError):  # TypeError: a date without a zone
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS) if seconds == seconds else None


@dataclass(frozen=True)
class Mark:
    """A place of a Rewindable, and the digest of all before it."""

    place: int
    digest: "hashlib._Hash"


class Rewindable:
    """A sink that can be filled again from an earlier place: what it holds already is compared and not written twice.

    Raises DeliveryFault when what comes the second time is not what came the first time.
    """

    def __init__(self, sink: Sink, where: str) -> None:
        self._sink = sink
        self._where = where
        self._digest = hashlib.sha256()
        self._place = 0
        self._held: tuple[int, bytes] = (0, b"")  # how much the sink holds, and its digest

    def mark(self) -> Mark:
        return Mark(self._place, self._digest.copy())

    def rewind(self, mark: Mark) -> None:
        """Go back to a mark of this sink."""
        if self._place > self._held[0]:
            self._held = (self._place, self._digest.digest())
        self._place, self._digest = mark.place, mark.digest.copy()

    def write(self, data: bytes) -> None:
        again = min(len(data), max(0, self._held[0] - self._place))
        if again:
            self._pass(data[:again])
            if self._place == self._held[0] and self._digest.digest() != self._held[1]:
                raise _changed(self._where)
        if again < len(data):
            self._pass(data[again:])
            self._sink.write(data[again:])

    def finish(self) -> None:
        """To be called at the end: the second time must not be shorter than the first."""
        if self._place < self._held[0]:
            raise _changed(self._where)

    def _pass(self, data: bytes) -> None:
        self._digest.update(data)
        self._place += len(data)


def _changed(where: str) -> DeliveryFault:
    return DeliveryFault(
        f"{where} 的数据在提取过程中发生了变动，本次提取的内容已整体作废。系统将自动重新提取。",
        f"what {where} holds changed while it was read; all of it was discarded, and it is asked for again by itself",
        retryable=True,
    )


def read_whole(response: httpx.Response) -> Answer:
    parts, size = [], 0
    for chunk in chunks(response):
        parts.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise bad_answer(f"{response.url.scheme}://{response.url.netloc.decode()}", f"> {LARGEST_ANSWER >> 20} MiB")
    links = response.links
    return Answer(
        response.status_code, response.headers, b"".join(parts), response.url, links.get("next", {}).get("url")
    )


def _wait(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds where the partner said so."""
    if not isinstance(error, TryAgain):
        return False
    return True if error.retry_after is None else error.retry_after


def _basic(login: str, password: str) -> str:
    return f"Basic {b64encode(f'{login}:{password}'.encode()).decode()}"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
