"""Delimited text, streamed: any newline, any of four delimiters, quotes by RFC 4180, and nothing that shifts.

A row is read when its quoting is sound. Where a quote is lost or one too many, a parser that goes on to the next quote
swallows the rows between; here such a row is held by itself, and reading goes on with the line behind it.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from worker_services.contracts import Contract
from worker_services.landing.reading.delivered import UNTELLABLE, Delivered, Readable, UnreadableDelivery
from worker_services.landing.reading.encoding import utf8_blocks
from worker_services.landing.reading.headers import PREAMBLE_ROWS, Header, find_header, no_header
from worker_services.landing.reading.tables import Block, Part, RaggedRow, deliver
from worker_services.partners.registry import Feed, FileSource

ROW_BYTES = 1 << 20
"""The longest row: a quote that is not closed within it never was one, and a line longer than it is no line."""

HEAD_BYTES = 1 << 20  # within which the header stands
_DELIMITERS = (",", "\t", ";", "|")
_QUOTE, _LINE_FEED, _CARRIAGE_RETURN = b'"\n\r'
_LINE_END = re.compile(rb"\r\n|\r|\n")


def read(places: Iterator[tuple[str, Readable]], feed: Feed, contract: Contract, source: FileSource) -> Delivered:
    """Read delimited files one behind the other. Raises UnreadableDelivery."""
    return deliver((_part(place, raw, feed, source) for place, raw in places), feed, contract, source.has_total_row)


def _part(place: str, raw: Readable, feed: Feed, source: FileSource) -> Part:
    blocks = utf8_blocks(raw, source.encoding)
    head = b""
    # A carriage return at its end may be half of a line end.
    while (len(head) < HEAD_BYTES or head.endswith(b"\r")) and (block := next(blocks, b"")):
        head += block
    if not head.strip():
        raise UnreadableDelivery(
            "文件为空（0 行）。请合作单位重新导出并交付；当日确无业务时，应交付只有表头的文件。",
            "the file is empty; ask the partner to export it again (a day without records has a header row alone)",
        )
    delimiter, header, body = _header(head, feed, source.delimiter)
    lines = _Rows(delimiter.encode(), len(header.names), header.end)
    return Part(place, header, lines.of(chain([head[body:]], blocks)))


def _header(head: bytes, feed: Feed, declared: str | None) -> tuple[str, Header, int]:
    """The delimiter under which a header is found best, the header, and where the rows below it begin."""
    best: tuple[int, str, Header, int] | None = None
    for delimiter in [declared] if declared else _DELIMITERS:
        leading, ends = [], []
        for row in _leading_rows(head, delimiter.encode()):
            leading.append(_parts(head[row].decode(), delimiter))
            ends.append(row.stop)
        header = find_header(leading, feed)
        if header and (best is None or len(set(header.names)) > best[0]):
            best = (len(set(header.names)), delimiter, header, ends[header.end - 1])
    if best is None:
        raise no_header(feed)
    return best[1:]


def _leading_rows(head: bytes, delimiter: bytes) -> Iterator[slice]:
    grammar, start = _grammar(delimiter), 0
    for _ in range(PREAMBLE_ROWS + 1):
        if start >= len(head):
            return
        row = grammar.row.match(head, start)
        end = row.end() if row else _end_of_line(head, start)
        yield slice(start, end)
        start = end


def _parts(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), delimiter=delimiter), ()))
    except csv.Error:  # a cell beyond the module's limit, or a NUL
        return tuple(text.split(delimiter))


@dataclass(frozen=True)
class _Grammar:
    """Regular expressions over UTF-8. `row`: a whole row with its line end, quotes sound. `open_row`: one that may yet
    become sound when more of it has come."""

    row: re.Pattern[bytes]
    open_row: re.Pattern[bytes]


@cache
def _grammar(delimiter: bytes) -> _Grammar:
    mark = re.escape(delimiter)
    in_quotes = rb'"(?:[^"]++|"")*+'
    plain = rb'(?:[^"\r\n%b](?:[^\r\n%b]*[^"\r\n%b])?)?' % (mark, mark, mark)  # a quote within it is a character
    cells = rb'(?:(?:%b"|%b)%b)*+' % (in_quotes, plain, mark)
    return _Grammar(
        row=re.compile(rb'%b(?:%b"|%b)(?:\r\n|\r|\n|\Z)' % (cells, in_quotes, plain)),
        open_row=re.compile(rb'%b(?:%b"?|[^"\r\n%b][^\r\n%b]*|)\Z' % (cells, in_quotes, mark, mark)),
    )


def _end_of_line(text: bytes, start: int) -> int:
    end = _LINE_END.search(text, start)
    return end.end() if end else len(text)


@dataclass(frozen=True)
class _SoundRows:
    """Text of whole rows, each of sound quoting; `broken` ones, by index, have been replaced by a ragged row."""

    text: bytes
    broken: dict[int, bytes]
    has_long_cells: bool


class _Rows:
    """The rows below a header, block by block. `line` is the last line (record) that went by."""

    def __init__(self, delimiter: bytes, width: int, line: int) -> None:
        self.delimiter, self.width, self.line = delimiter, width, line
        self.names = [str(position) for position in range(width)]
        self.grammar = _grammar(delimiter)
        self.is_edge = np.zeros(256, np.bool_)
        self.is_edge[[*delimiter, _LINE_FEED, _CARRIAGE_RETURN]] = True
        self.rest = b""

    def of(self, blocks: Iterator[bytes]) -> Iterator[Block]:
        for block in blocks:
            self.rest += block
            yield from map(self._parsed, self._sound_rows(is_last=False))
        self.rest = self.rest.removesuffix(b"\x1a")  # the end of a file under DOS
        yield from map(self._parsed, self._sound_rows(is_last=True))

    def _sound_rows(self, is_last: bool) -> Iterator[_SoundRows]:
        """Take whole rows off the text at hand; what is left of it waits for more."""
        # A carriage return at the end may be half of a line end.
        text = self.rest if is_last else self.rest.removesuffix(b"\r")
        rows = self._regular(text, is_last)
        if rows is None or (not rows.text and len(text) > ROW_BYTES):
            rows = self._one_by_one(text, is_last)
        else:
            self.rest = self.rest[len(rows.text) :]
        if rows.text:
            yield rows

    def _regular(self, text: bytes, is_last: bool) -> _SoundRows | None:
        """Whole rows where every quote opens, closes or doubles as RFC 4180 says, found at once; None elsewhere."""
        if b'"' not in text:
            end = len(text) if is_last else max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
            return _SoundRows(text[:end], {}, False)
        data = np.frombuffer(text, np.uint8)
        quotes = np.flatnonzero(data == _QUOTE)
        if is_last and len(quotes) % 2:
            return None
        follows = np.diff(quotes, prepend=-2) == 1  # on the heels of the quote before it
        opens, closes = quotes[0::2], quotes[1::2]
        opens_well = (opens == 0) | self.is_edge[data[opens - 1]] | follows[0::2]
        is_followed = np.append(follows[1:], False)[1::2]
        last = len(data) - 1
        closes_well = (closes == last) | self.is_edge[data[np.minimum(closes + 1, last)]] | is_followed
        if not (opens_well.all() and closes_well.all()):
            return None
        ends = np.flatnonzero((data == _LINE_FEED) | (data == _CARRIAGE_RETURN))
        is_inside = np.searchsorted(quotes, ends) % 2 == 1
        outside = ends[~is_inside]
        end = len(text) if is_last else (int(outside[-1]) + 1 if len(outside) else 0)
        return _SoundRows(text[:end], {}, bool(is_inside.any()))

    def _one_by_one(self, text: bytes, is_last: bool) -> _SoundRows:
        """Rows told apart each by itself; one of unsound quoting is a line, and the next line begins a row again."""
        pieces: list[bytes] = []
        broken: dict[int, bytes] = {}
        start = 0
        while start < len(text):
            row = self.grammar.row.match(text, start)
            if row and (is_last or row.group().endswith((b"\n", b"\r"))):
                pieces.append(row.group())
                start = row.end()
                continue
            can_grow = not is_last and len(text) - start <= ROW_BYTES
            if can_grow and self.grammar.open_row.match(text, start):
                break
            end = _end_of_line(text, start)
            if end == len(text) and not is_last and not text.endswith((b"\n", b"\r")):
                if can_grow:
                    break
                raise _endless_row()
            broken[len(pieces)] = text[start:end]
            pieces.append(self.delimiter * self.width + b"\n")
            start = end
        self.rest = self.rest[start:]
        return _SoundRows(b"".join(pieces), broken, True)

    def _parsed(self, rows: _SoundRows) -> Block:
        delimiter = self.delimiter.decode()
        refused: dict[int, RaggedRow] = {}

        def keep(row: pyarrow.csv.InvalidRow) -> str:
            line = self.line + row.number
            text = rows.broken.get(row.number - 1)
            if text is None:
                refused[row.number] = RaggedRow(line, row.actual_columns, row.text, _parts(row.text, delimiter))
            else:
                whole = text.decode().rstrip("\r\n")
                refused[row.number] = RaggedRow(line, UNTELLABLE, whole, (whole,))
            return "skip"

        table = pyarrow.csv.read_csv(
            pa.BufferReader(rows.text),
            read_options=pyarrow.csv.ReadOptions(
                column_names=self.names, use_threads=False, block_size=len(rows.text) + 1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
        count = table.num_rows + len(refused)
        is_read = np.ones(count, np.bool_)
        is_read[[number - 1 for number in refused]] = False
        lines = np.flatnonzero(is_read) + self.line + 1
        self.line += count
        columns = [column.combine_chunks() for column in table.columns]
        block = Block(columns, lines, list(refused.values()))
        return self._without_swallowed(block) if rows.has_long_cells else block

    def _without_swallowed(self, block: Block) -> Block:
        """A cell of several lines that holds as many delimiters as a row has may be rows between two stray quotes."""
        swallowed = np.zeros(len(block.lines), np.bool_)
        for column in block.columns:
            several = pc.match_substring_regex(column, "[\r\n]")
            if several.true_count:
                delimiters = pc.count_substring(column, self.delimiter.decode())
                whole_row = pc.greater_equal(delimiters, max(1, self.width - 1))
                swallowed |= np.asarray(pc.and_(several, whole_row))
        if not swallowed.any():
            return block
        ragged = list(block.ragged)
        for index in np.flatnonzero(swallowed):
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=self.delimiter.decode(), lineterminator="").writerow(
                [column[index].as_py() for column in block.columns]
            )
            ragged.append(RaggedRow(int(block.lines[index]), UNTELLABLE, text.getvalue(), (text.getvalue(),)))
        kept = pa.array(~swallowed)
        return Block([column.filter(kept) for column in block.columns], block.lines[~swallowed], ragged)


def _endless_row() -> UnreadableDelivery:
    return UnreadableDelivery(
        f"文件中有超过 {ROW_BYTES >> 20} MiB 的单行，疑为换行符丢失或文件并非文本。请合作单位重新导出后交付。",
        f"a line is longer than {ROW_BYTES >> 20} MiB: line ends were lost, or this is no text; ask for a new export",
    )
