"""Records from a paged JSON API.

Each record is written as it came, character for character, so that no digit of a number is lost; only the line breaks
between its fields, which mean nothing in JSON, become spaces.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import http_client
from worker_services.partners.delivery import Receipt, Sink, bad_answer
from worker_services.partners.http_client import Answer, Api, Credentials, Gone, Rewindable
from worker_services.partners.registry import (
    ApiKey,
    ApiSource,
    Authentication,
    BasicLogin,
    BearerToken,
    CursorPaging,
    LinkPaging,
    OffsetPaging,
    PagePaging,
)

EMPTY_PAGES = 100  # so many pages without a record, one after another, are a loop

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_BREAKS = str.maketrans("\r\n", "  ")


def fetch(connection: Connection, source: ApiSource, interval: Interval, sink: Sink) -> Receipt:
    """Write every record of the interval, one a line. Raises DeliveryFault."""
    with http_client.open_api(connection, _credentials(connection, source.authentication)) as api:
        rewindable = Rewindable(sink, f"{api.where}{source.path}")
        start = rewindable.mark()
        try:
            declared = _copy(api, source, interval, rewindable)
        except Gone:  # a cursor or a link that has expired
            rewindable.rewind(start)
            declared = _copy(api, source, interval, rewindable)
        rewindable.finish()
    return Receipt(source=f"http_json:{source.path}", declared_rows=declared)


def parameters(source: ApiSource, interval: Interval) -> dict[str, str]:
    """The parameters that name the interval. With an overlap, `start` is a moment with its offset."""
    start: date = interval.start
    if source.overlap_minutes:
        start = _Moment.fromisoformat(str(interval.starts_at - timedelta(minutes=source.overlap_minutes)))
    days = {"start": start, "end": interval.end, "first": interval.start, "last": interval.last_day}
    return {name: text.format(**days) for name, text in source.parameters.items()}


class _Moment(datetime):
    """A moment that is written in ISO 8601 where the format does not say otherwise."""

    def __format__(self, form: str) -> str:
        return super().__format__(form) if form else self.isoformat()


@dataclass(frozen=True)
class _Page:
    """`body` as JSON, `lines` the records as they came, `total` and `pages` what the partner says of all pages."""

    body: Any
    lines: bytes
    records: int
    answer: Answer
    where: str

    def number(self, path: str) -> int:
        """A whole number of the body. Raises DeliveryFault."""
        found: object = _dig(self.body, path)
        if isinstance(found, str) and re.fullmatch(r"\d{1,15}", found):
            return int(found)
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            raise bad_answer(self.where, path)
        return found


_Ask = Callable[[Mapping[str, str | int]], _Page]


def _credentials(connection: Connection, authentication: Authentication) -> Credentials:
    if isinstance(authentication, BearerToken):
        return http_client.bearer(connection)
    if isinstance(authentication, BasicLogin):
        return http_client.basic(connection)
    if isinstance(authentication, ApiKey):
        return http_client.api_key(connection, authentication.header)
    return http_client.client_credentials(connection, authentication.token_path, authentication.scope)


def _copy(api: Api, source: ApiSource, interval: Interval, sink: Sink) -> int | None:
    """Write page after page; the number of records that the partner declares."""
    where = f"{api.where}{source.path}"
    declared: int | None = None
    without_records = 0
    for number, page in enumerate(_pages(api, source, interval)):
        total = _total(page, source)
        if number and total != declared:
            raise bad_answer(where, f"total: {declared} → {total}")
        declared = total
        without_records = 0 if page.records else without_records + 1
        if without_records >= EMPTY_PAGES:
            raise bad_answer(where, f"{EMPTY_PAGES} empty pages")
        sink.write(page.lines)
    return declared


def _total(page: _Page, source: ApiSource) -> int | None:
    if isinstance(source.paging, PagePaging | OffsetPaging) and source.paging.total:
        return page.number(source.paging.total)
    return None


def _pages(api: Api, source: ApiSource, interval: Interval) -> Iterator[_Page]:
    wanted = parameters(source, interval)

    def ask(paging: Mapping[str, str | int]) -> _Page:
        return _ask(api, source, source.path, {**wanted, **paging})

    if isinstance(source.paging, PagePaging):
        yield from _numbered(ask, source.paging)
    elif isinstance(source.paging, OffsetPaging):
        yield from _by_offset(ask, source.paging)
    elif isinstance(source.paging, CursorPaging):
        yield from _by_cursor(ask, source.paging)
    elif isinstance(source.paging, LinkPaging):
        yield from _linked(ask({}), api, source)
    else:
        yield ask({})


def _numbered(ask: _Ask, paging: PagePaging) -> Iterator[_Page]:
    page = ask({paging.page: 1, paging.size: paging.page_size})
    pages = page.number(paging.pages)
    yield page
    for number in range(2, pages + 1):
        page = ask({paging.page: number, paging.size: paging.page_size})
        now = page.number(paging.pages)
        if now != pages:
            raise bad_answer(page.where, f"{paging.pages}: {pages} → {now}")
        yield page


def _by_offset(ask: _Ask, paging: OffsetPaging) -> Iterator[_Page]:
    offset = 0
    while True:
        page = ask({paging.offset: offset, paging.limit: paging.page_size})
        yield page
        offset += page.records
        total = page.number(paging.total)
        if offset >= total:
            return
        if not page.records:
            raise bad_answer(page.where, f"{paging.total}: {total}, {paging.offset}: {offset}, 0 records")


def _by_cursor(ask: _Ask, paging: CursorPaging) -> Iterator[_Page]:
    size = {paging.size: paging.page_size} if paging.size else {}
    page = ask(size)
    if page.records >= paging.page_size and _dig(page.body, paging.next, absent=_ABSENT) is _ABSENT:
        raise bad_answer(page.where, paging.next)  # a field by another name would end the delivery after one page
    seen: set[str] = set()
    while True:
        yield page
        cursor = _dig(page.body, paging.next)
        if cursor in (None, ""):
            return
        if isinstance(cursor, bool) or not isinstance(cursor, str | int) or str(cursor) in seen:
            raise bad_answer(page.where, f"{paging.next}: loop")
        seen.add(str(cursor))
        page = ask({**size, paging.cursor: cursor})


def _linked(page: _Page, api: Api, source: ApiSource) -> Iterator[_Page]:
    seen = {str(page.answer.url)}
    while True:
        yield page
        if page.answer.next_url is None:
            return
        url = api.link(page.answer.url, page.answer.next_url, 'rel="next"')
        if str(url) in seen:
            raise bad_answer(page.where, 'rel="next": loop')
        seen.add(str(url))
        page = _ask(api, source, url, None)


def _ask(api: Api, source: ApiSource, url: Any, params: Mapping[str, str | int] | None) -> _Page:
    """One page. What is no JSON was cut off on its way, as a rule, so it is asked for again."""
    where = f"{api.where}{source.path}"
    for is_last in (False, True):
        answer = api.get(url, source.path, params=params, headers=lambda: {"Accept": "application/json"})
        try:
            text = answer.text()
            body = json.loads(text, parse_constant=_no_number)
            lines = _records(text, body, source.records)
        except (ValueError, RecursionError):
            if is_last:
                raise bad_answer(where, f"JSON {source.records}".strip()) from None
        else:
            return _Page(body, b"".join(lines), len(lines), answer, where)
    raise AssertionError("the second try either returns or raises")


def _records(text: str, body: Any, path: str) -> list[bytes]:
    """The records of the list at a path as they stand in the text, each on a line. Raises ValueError."""
    found = _dig(body, path)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise ValueError("no list of records")
    at = _skip(text, 0)
    for name in path.split(".") if path else ():
        at = _member(text, at, name)
    lines = []
    at = _skip(text, at + 1)
    for _ in found:
        _, end = _DECODER.raw_decode(text, at)
        lines.append(text[at:end].translate(_BREAKS).encode() + b"\n")
        at = _skip(text, _skip(text, end) + 1)
    return lines


def _member(text: str, at: int, name: str) -> int:
    """Where the value of a field of the object at a place begins; the last one, where a field stands twice."""
    found = at
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


_ABSENT = object()


def _dig(body: Any, path: str, absent: Any = None) -> Any:
    """What stands at a dotted path, `absent` where nothing does."""
    for name in path.split(".") if path else ():
        if not isinstance(body, dict) or name not in body:
            return absent
        body = body[name]
    return body


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
