"""JSON records, as text: one object a line, or a list in a document; numbers keep their digits."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import duckdb
import ijson
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from worker_services.contracts import Contract
from worker_services.landing.reading.delivered import (
    LEADING_COLUMNS,
    UNTELLABLE,
    Delivered,
    Readable,
    Summary,
    UnreadableDelivery,
    streamed,
)
from worker_services.landing.reading.encoding import utf8_blocks
from worker_services.landing.reading.headers import absent_columns, resembling, unknown_names
from worker_services.partners.registry import Feed, FileSource
from worker_services.sql_literals import quoted

RECORD_BYTES = 4 << 20
_RECORDS_A_BATCH = 5_000
_DAMAGED = 0.75  # share of equal characters from which an unknown name is taken for a mapped one that was damaged
_SCHEMA = pa.schema([*LEADING_COLUMNS, pa.field("_whole", pa.string())])

Lines = tuple[pa.Array, pa.Array]
"""Text of some records, and the line of each."""


def read_lines(
    places: Iterator[tuple[str, Readable]], feed: Feed, contract: Contract, encoding: str = "utf-8"
) -> Delivered:
    """Read one JSON object a line. A line that is none is held as a ragged row. Raises UnreadableDelivery."""
    return _deliver(((place, _lines(utf8_blocks(raw, encoding))) for place, raw in places), feed, contract)


def read_documents(
    places: Iterator[tuple[str, Readable]], feed: Feed, contract: Contract, source: FileSource
) -> Delivered:
    """Read the lists of JSON documents. Raises UnreadableDelivery."""
    parts = ((place, _listed(_Text(utf8_blocks(raw, source.encoding)), source.records)) for place, raw in places)
    return _deliver(parts, feed, contract)


def read_supplement(raw: Readable, feed: Feed, contract: Contract) -> Delivered:
    """Read rows that were held and now come again: JSON lines that state their own `_row_number`, `_place`, `_line`.

    The other fields are named as delivered, and all are text. Raises UnreadableDelivery.
    """
    summary = Summary()

    def batches() -> Iterator[pa.RecordBatch]:
        with duckdb.connect(config={"temp_directory": ""}) as engine:
            for texts, _ in _lines(utf8_blocks(raw, "utf-8")):
                engine.register("lines", pa.table({"line": texts}))
                table = engine.execute(
                    """
                    select
                        json_extract_string(line, '$._row_number')::bigint as _row_number,
                        json_extract_string(line, '$._place') as _place,
                        json_extract_string(line, '$._line')::bigint as _line,
                        null::bigint as _cells, null::varchar as _text, line as _whole
                    from lines
                    """
                ).to_arrow_table()
                summary.received += table.num_rows
                yield from table.cast(_SCHEMA).to_batches()

    return Delivered(streamed(_SCHEMA, batches(), summary), _cells(feed), "_whole", summary)


def _deliver(parts: Iterator[tuple[str, Iterator[Lines]]], feed: Feed, contract: Contract) -> Delivered:
    summary = Summary()
    stream = _Stream(feed, contract, summary)
    return Delivered(streamed(_SCHEMA, stream.batches(parts), summary), _cells(feed), "_whole", summary)


def _cells(feed: Feed) -> dict[str, str]:
    """A mapped name is a field, or, with dots, a path into nested objects; of several names the first that is there."""
    cells = {}
    for column, aliases in feed.columns.items():
        paths = [path for alias in aliases for path in _paths(alias)]
        values = [f"json_extract_string(_whole, {quoted(path)})" for path in paths]
        cells[column] = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return cells


def _paths(name: str) -> list[str]:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    paths = [f'$."{escaped}"']
    if "." in name:
        paths.append("$" + "".join(f'."{step}"' for step in escaped.split(".")))
    return paths


class _Stream:
    """The state of one delivery while its records go by."""

    def __init__(self, feed: Feed, contract: Contract, summary: Summary) -> None:
        self.feed, self.contract, self.summary = feed, contract, summary
        self.mapped = {name for aliases in feed.columns.values() for alias in aliases for name in (alias, _root(alias))}
        self.present: set[str] = set()

    def batches(self, parts: Iterable[tuple[str, Iterator[Lines]]]) -> Iterator[pa.RecordBatch]:
        with duckdb.connect(config={"temp_directory": "", "threads": 1}) as engine:
            for place, blocks in parts:
                for texts, lines in blocks:
                    yield self._batch(engine, place, texts, lines)
        self.summary.unmapped = unknown_names(sorted(self.present - self.mapped), self.feed)
        absent = [
            column
            for column, aliases in self.feed.columns.items()
            if not any(alias in self.present or _root(alias) in self.present for alias in aliases)
        ]
        required = [column for column in absent if self.contract.column(column).required]
        if required and self.present:
            raise absent_columns(required, self.summary.unmapped, self.feed)
        self.summary.absent = absent if self.present else []

    def _batch(self, engine: duckdb.DuckDBPyConnection, place: str, texts: pa.Array, lines: pa.Array) -> pa.RecordBatch:
        names = self._field_names(engine, texts)
        kinds = [json.loads(kind) for kind in names.dictionary.to_pylist()]
        if not any(kinds) and not self.present:
            raise UnreadableDelivery(
                "文件不是约定的 JSON 记录（每行一个 JSON 对象）。请合作单位核对导出格式后重新交付。",
                "these are no JSON records, one object a line; ask the partner to check the format of the export",
            )
        self.present.update(*kinds)
        is_sound = pa.array([self._is_sound(kind) for kind in kinds], pa.bool_())
        sound = pc.fill_null(is_sound.take(names.indices), False)
        count, nothing = len(texts), pa.scalar(None, pa.string())
        numbers = pa.array(np.arange(1, count + 1) + self.summary.received)
        self.summary.received += count
        return pa.record_batch(
            [
                numbers,
                pa.repeat(pa.scalar(place, pa.string()), count),
                lines,
                pc.if_else(sound, pa.scalar(None, pa.int64()), pa.scalar(UNTELLABLE, pa.int64())),
                pc.if_else(sound, nothing, texts),
                pc.if_else(sound, texts, nothing),
            ],
            schema=_SCHEMA,
        )

    def _field_names(self, engine: duckdb.DuckDBPyConnection, texts: pa.Array) -> pa.DictionaryArray:
        """The names of each record's fields as a JSON list, which is empty where it is no object; few lists differ."""
        engine.register("records", pa.table({"text": texts, "position": np.arange(len(texts))}))
        names = engine.execute(
            """
            select if(json_valid(text), to_json(json_keys(text))::varchar, '[]') as names
            from records order by position
            """
        ).to_arrow_table()
        return names.column("names").combine_chunks().dictionary_encode()

    def _is_sound(self, names: list[str]) -> bool:
        """Not sound: no name, one twice, or a mapped one gone that others have while one much like it is there."""
        there = set(names)
        if not there or len(names) != len(there):
            return False
        gone = (self.mapped & self.present) - there
        return not any(resembling(name, gone, _DAMAGED) for name in there - self.mapped)


def _root(name: str) -> str:
    return name.split(".")[0]


def _lines(blocks: Iterator[bytes]) -> Iterator[Lines]:
    rest, line = b"", 0
    for block in blocks:
        whole, separator, rest = (rest + block).rpartition(b"\n")
        if len(rest) > RECORD_BYTES:
            raise _endless_record()
        if separator:
            texts, numbers = _split(whole, line)
            line += whole.count(b"\n") + 1
            if len(texts):
                yield texts, numbers
    texts, numbers = _split(rest, line)
    if len(texts):
        yield texts, numbers


def _split(text: bytes, line: int) -> Lines:
    texts = pc.utf8_trim_whitespace(pc.split_pattern(pa.array([text], pa.binary()).cast(pa.string()), "\n").values)
    is_text = pc.not_equal(texts, "")
    return texts.filter(is_text), pa.array(np.arange(line + 1, line + 1 + len(texts))).filter(is_text)


class _Text:
    """Blocks of text as a file; its beginning is kept."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks = blocks
        self.rest = b""
        self.beginning = b""
        self.length = 0

    def read(self, size: int, /) -> bytes:
        if not size:
            return b""
        self.rest = self.rest or next(filter(None, self.blocks), b"")
        piece, self.rest = self.rest[:size], self.rest[size:]
        self.beginning = self.beginning or piece
        self.length += len(piece)
        return piece


class _Fields(dict[str, Any]):
    """An object that remembers whether a field came twice, of which only one value would be left."""

    has_twice = False

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            self.has_twice = True
        super().__setitem__(name, value)


def _listed(text: _Text, path: str) -> Iterator[Lines]:
    """The objects of the list at a dotted path, each as a line of JSON. Raises UnreadableDelivery."""
    count = 0
    records = ijson.items(text, f"{path}.item" if path else "item", map_type=_Fields, buf_size=1 << 16)
    try:
        while some := [_line(record) for record in islice(records, _RECORDS_A_BATCH)]:
            yield pa.array(some, pa.string()), pa.array(np.arange(count + 1, count + 1 + len(some)))
            count += len(some)
    except ijson.JSONError as error:
        raise _broken_document(type(error).__name__) from None
    if not count and not _is_empty_list(text, path):
        raise _broken_document(f"no list at '{path}'")


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)  # decimals as text, with all their digits


def _line(record: Any) -> str:
    line = _ENCODER.encode(record)
    return f"[{line}]" if isinstance(record, _Fields) and record.has_twice else line


def _is_empty_list(text: _Text, path: str) -> bool:
    """Whether a document without records holds the list all the same; such a document is short."""
    if text.length != len(text.beginning):
        return False
    found: Any = json.loads(text.beginning)
    for step in filter(None, path.split(".")):
        found = found.get(step) if isinstance(found, dict) else None
    return isinstance(found, list) and not found


def _broken_document(what: str) -> UnreadableDelivery:
    return UnreadableDelivery(
        "文件不是完整的 JSON 文档，或其中没有约定的记录列表，疑为传输中断或格式变更。请合作单位核对后重新交付。",
        f"this is no whole JSON document with the agreed list of records ({what}); ask the partner to check the export",
    )


def _endless_record() -> UnreadableDelivery:
    return UnreadableDelivery(
        f"文件中有超过 {RECORD_BYTES >> 20} MiB 的单条记录，疑为换行符丢失。请合作单位每行导出一条记录后重新交付。",
        f"a record is longer than {RECORD_BYTES >> 20} MiB: line ends were lost; ask for one record a line",
    )
