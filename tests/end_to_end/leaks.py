"""Looks for people in what a run left behind: every file, opened as far as it can be."""

import email
import email.policy
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pypdfium2

from simulators.vocabulary import PARTNERS
from simulators.world import Interval, World

# People of the simulators have IDs of an area that issues none, and phones of a range that is not in use.
NUMBERS = re.compile(r"(?<![0-9A-Za-z.])(?:220100\d{11}[\dXx]?|19900\d{6})(?![0-9A-Za-z])")
HANZI = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]{3,}")


def names_delivered(world: World, intervals: Iterable[Interval]) -> frozenset[str]:
    """Names (of three characters and more) in whatever partners delivered of the intervals."""
    names: set[str] = set()
    for partner, feeds in PARTNERS.items():
        for feed in feeds:
            if "worker_name" in world.logs[partner, feed]:
                for interval in intervals:
                    rows = world.delivered(partner, feed, interval)
                    names |= {name for name in rows["worker_name"].dropna() if len(name) >= 3}
    assert len(names) > 1000
    return frozenset(names)


def people_in(text: str, names: frozenset[str]) -> set[str]:
    """ID numbers, phone numbers and names (of three characters and more: two can be chance) that stand in a text."""
    text = unicodedata.normalize("NFKC", text)
    hits = set(NUMBERS.findall(text))
    for run in set(HANZI.findall(text)):
        for length in (3, 4):
            hits |= {run[start : start + length] for start in range(len(run) - length + 1)} & names
    return hits


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file under a folder, with what can be read in it."""
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        yield path, "\n".join(_readable(path))


def _readable(path: Path) -> Iterator[str]:
    yield path.name
    raw = path.read_bytes()
    yield raw.decode("utf-8", errors="replace")
    if path.suffix != ".duckdb":  # as large as all else together, and what it holds is read below, value by value
        yield raw.decode("gb18030", errors="replace")
    match path.suffix:
        case ".pdf":
            yield from _pdf(raw)
        case ".eml":
            yield from _mail(raw)
        case ".parquet":
            with duckdb.connect() as database:
                yield from _values(database, f"read_parquet('{path}')")
        case ".duckdb":
            yield from _warehouse(path)
        case ".db":
            yield from _database(path)


def _pdf(raw: bytes) -> Iterator[str]:
    with pypdfium2.PdfDocument(raw) as document:
        for page in document:
            yield page.get_textpage().get_text_bounded()


def _mail(raw: bytes) -> Iterator[str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    yield from map(str, message.values())
    for part in message.walk():
        content = b"" if part.is_multipart() else part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_content_type() == "application/pdf":
            yield from _pdf(content)
        else:
            yield content.decode("utf-8", errors="replace")


def _warehouse(path: Path) -> Iterator[str]:
    with duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute(
            "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        ).fetchall()
        assert tables
        for schema, table in tables:
            yield from _values(database, f'"{schema}"."{table}"')


def _values(database: duckdb.DuckDBPyConnection, relation: str) -> Iterator[str]:
    """Each value of each column once."""
    columns = [column for column, *_ in database.execute(f"describe from {relation}").fetchall()]
    assert columns
    each = ", ".join(f'string_agg(distinct "{column}"::varchar, chr(10))' for column in columns)
    [found] = database.execute(f"select {each} from {relation}").fetchall()
    yield from filter(None, found)


def _database(path: Path) -> Iterator[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            yield str(database.execute(f'select * from "{table}"').fetchall())
