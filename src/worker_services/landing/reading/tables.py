"""Tables of text, a sheet or a delimited file, become one stream of data rows: totals, repeated headers, notes and
blank rows are taken out, and rows keep the number and the line they came with."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from worker_services.contracts import Contract
from worker_services.landing.reading.delivered import (
    LEADING_COLUMNS,
    UNTELLABLE,
    Delivered,
    Summary,
    UnreadableDelivery,
    streamed,
)
from worker_services.landing.reading.headers import Header, is_header, no_header, normal, positions, unknown_names
from worker_services.partners.registry import Feed
from worker_services.sql_literals import quoted

_TOTAL = re.compile(r"(?P<prefix>.{0,20}?)(?P<label>合计|小计|总计|累计)[:：]?")
_LABEL_COLUMNS = 3
_ROWS_TO_DOUBT_A_HEADER = 3
_GRAND_TOTALS = {"合计", "总计"}
_COUNT = re.compile(r"共?(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.0+)?(?:条|行|笔|例|件|人次|人)?")
_NOTE_FORM = (  # RE2 and Python alike
    r"^[(（*※]*(注[:：]|备注|说明|附注|制表|填表|填报|编制|审核|复核|经办|单位负责人|负责人|联系人|联系电话|导出|打印|数据来源|"
    r"统计时间|第\d+页|共\d+[页条行]|以下空白)"
)

Lines = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class RaggedRow:
    """A row whose cells do not fit the header, or cannot be told apart; kept whole, never padded."""

    line: int
    cells: int
    text: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Some rows: one array of text a column of the header, their lines, and between them the ragged ones."""

    columns: list[pa.Array]
    lines: Lines
    ragged: list[RaggedRow]


@dataclass(frozen=True)
class Part:
    """One sheet or one file of a delivery, from its header on; `place` is empty where it is the only one."""

    place: str
    header: Header
    blocks: Iterator[Block]


def deliver(parts: Iterator[Part], feed: Feed, contract: Contract, has_total_row: bool) -> Delivered:
    """Stream the parts one behind the other. Raises UnreadableDelivery for the first of them, later for the rest."""
    first = next(parts, None)
    if first is None:
        raise no_header(feed)
    found = positions(first.header.names, feed, contract)
    names = _delivered_names(first.header.names)
    late = [column for column in feed.columns if column not in found]
    summary = Summary()
    stream = _Stream(feed, contract, has_total_row, first.header.names, late, summary)
    schema = pa.schema(
        [
            *LEADING_COLUMNS,
            *(pa.field(f"c{position}", pa.string()) for position in range(len(names))),
            *(pa.field(f"late{position}", pa.string()) for position in range(len(late))),
        ]
    )
    cells = {column: f"c{position}" for column, position in found.items()}
    cells |= {column: f"late{position}" for position, column in enumerate(late)}
    pairs = [f"{quoted(name)}, c{position}" for position, name in enumerate(names)]
    return Delivered(
        batches=streamed(schema, stream.batches(schema, first, parts), summary),
        cells={column: cells[column] for column in feed.columns},
        whole=f"json_object({', '.join(pairs)})",
        summary=summary,
    )


def _delivered_names(names: Iterable[str]) -> list[str]:
    """Names that tell the columns apart: one without a name goes by its number, a second one of a name as well."""
    told: list[str] = []
    for position, name in enumerate(names, start=1):
        told.append(name if name and name not in told else f"{name}#{position}")
    return told


class _Stream:
    """The state of one delivery while its parts go by.

    `late`: optional columns that the first part has not; a later one may have them.
    """

    def __init__(
        self,
        feed: Feed,
        contract: Contract,
        has_total_row: bool,
        names: tuple[str, ...],
        late: list[str],
        summary: Summary,
    ) -> None:
        self.feed, self.contract, self.has_total_row = feed, contract, has_total_row
        self.names, self.late = names, late
        self.summary = summary
        self.absent = set(late)
        self.counts: list[tuple[int, int | None]] = []
        self.has_grand_total = False

    def batches(self, schema: pa.Schema, first: Part, rest: Iterator[Part]) -> Iterator[pa.RecordBatch]:
        for part in chain([first], rest):
            found = positions(part.header.names, self.feed, self.contract)
            self.absent -= found.keys()
            unknown = unknown_names(part.header.names, self.feed)
            self.summary.unmapped += [name for name in unknown if name not in self.summary.unmapped]
            sources = self._sources(part.header.names, found)
            required = [at for column, at in found.items() if self.contract.column(column).required]
            rows = _DataRows(part.header, self.feed, self.has_total_row, required)
            for block in part.blocks:
                data = rows.of(block)
                yield self._batch(schema, part.place, data, sources)
                self.summary.received += len(data.lines) + len(data.ragged)
            rows.check_width()
            self.counts.append((rows.counted, rows.declared))
            self.has_grand_total = rows.has_subtotal_and_total
        self.summary.absent = [column for column in self.feed.columns if column in self.absent]
        self._check_totals()

    def _sources(self, names: tuple[str, ...], found: dict[str, int]) -> list[int | None]:
        """For each column of the stream, where it stands in this part."""
        if names == self.names:
            return [*range(len(names)), *([None] * len(self.late))]
        mapped = positions(self.names, self.feed, self.contract)
        by_position = {position: column for column, position in mapped.items()}
        return [
            found.get(by_position[position])
            if position in by_position
            else (names.index(name) if name and name in names else None)
            for position, name in enumerate(self.names)
        ] + [found.get(column) for column in self.late]

    def _batch(self, schema: pa.Schema, place: str, block: Block, sources: list[int | None]) -> pa.RecordBatch:
        ragged = block.ragged
        count = len(block.lines) + len(ragged)
        lines = np.concatenate([block.lines, np.array([row.line for row in ragged], np.int64)])
        blanks = pa.nulls(len(ragged), pa.string())
        columns = [
            pa.nulls(count, pa.string())
            if source is None
            else (pa.concat_arrays([block.columns[source], blanks]) if ragged else block.columns[source])
            for source in sources
        ]
        widths = pa.concat_arrays(
            [pa.nulls(len(block.lines), pa.int64()), pa.array([row.cells for row in ragged], pa.int64())]
        )
        texts = pa.concat_arrays(
            [pa.nulls(len(block.lines), pa.string()), pa.array([row.text for row in ragged], pa.string())]
        )
        if ragged:
            order = pa.array(np.argsort(lines, kind="stable"))
            columns = [column.take(order) for column in columns]
            lines, widths, texts = lines[order], widths.take(order), texts.take(order)
        numbers = np.arange(1, count + 1) + self.summary.received
        places = pa.repeat(pa.scalar(place, pa.string()), count)
        return pa.record_batch([pa.array(numbers), places, pa.array(lines), widths, texts, *columns], schema=schema)

    def _check_totals(self) -> None:
        """Each part's total row declares its own rows, or a single one at the very end those of all parts.

        A grand total below the last part's own subtotal declares those of all parts, too.
        """
        counted = sum(count for count, _ in self.counts)
        totals = [total for _, total in self.counts if total is not None]
        has_each = len(totals) == len(self.counts)
        is_grand = self.has_grand_total and self.counts[-1][1] == counted
        if is_grand:
            self.summary.declared_total = counted
        elif has_each or (len(totals) == 1 and self.counts[-1][1] is not None):
            self.summary.declared_total = sum(totals)
        declared = self.summary.declared_total
        parts = self.counts[:-1] if is_grand else self.counts
        if not self.has_total_row:
            return
        if declared is None:
            raise UnreadableDelivery(
                f"文件末尾没有“合计”行（已读到 {counted} 行），疑为传输中断或文件被截断。请合作单位重新交付完整文件。",
                f"the file has no total row after {counted} rows: it was cut off; ask for a new delivery",
                "control_total",
            )
        if declared != counted or (has_each and any(total != count for count, total in parts)):
            raise UnreadableDelivery(
                f"“合计”行载明 {declared} 行，实际读到 {counted} 行，二者不符。请合作单位核对后重新交付。",
                f"the total row declares {declared} rows, {counted} were read; "
                "ask the partner to check and deliver again",
                "control_total",
            )


class _DataRows:
    """Rows of data of one part, told from what else stands in it. `required`: where the required cells stand."""

    def __init__(self, header: Header, feed: Feed, has_total_row: bool, required: Sequence[int]) -> None:
        self.header, self.feed, self.has_total_row, self.required = header, feed, has_total_row, required
        labels = {normal(alias) for aliases in feed.columns.values() for alias in aliases}
        self.labels = pa.array(sorted(labels | header.labels), pa.string())
        self._preamble = pa.array(sorted(header.titles), pa.string())
        self.counted = 0
        self.widths: Counter[int] = Counter()
        self.totals: list[tuple[int, str, int | None]] = []

    @property
    def declared(self) -> int | None:
        """What the last total row says; a grand total outranks others."""
        totals = sorted(self.totals)
        grand = [total for total in totals if total[1] in _GRAND_TOTALS]
        return (grand or totals or [(0, "", None)])[-1][2]

    @property
    def has_subtotal_and_total(self) -> bool:
        labels = {label for _, label, count in self.totals if count is not None}
        return bool(labels & _GRAND_TOTALS) and bool(labels - _GRAND_TOTALS)

    def of(self, block: Block) -> Block:
        """The block without what is no data. Raises UnreadableDelivery where the layout changes."""
        ragged = [row for row in block.ragged if not self._is_other(row.parts, row.line)]
        if len(block.lines):
            heads, is_sparse = _heads(block.columns), _is_sparse(block.columns)
            is_data = np.asarray(heads.is_valid())
            for index in np.flatnonzero(self._suspects(block.columns, heads, is_sparse)):
                cells = [column[index].as_py() for column in block.columns]
                is_data[index] = not self._is_other(cells, int(block.lines[index]))
            if self.has_total_row and self._closing_line is not None:
                is_data &= ~(is_sparse & (block.lines > self._closing_line))
            if not is_data.all():
                kept = pa.array(is_data)
                block = Block([column.filter(kept) for column in block.columns], block.lines[is_data], [])
        self.counted += len(block.lines) + len(ragged)
        self.widths.update(row.cells for row in ragged)
        self.widths[len(self.header.names)] += len(block.lines)
        return Block(block.columns, block.lines, ragged)

    def check_width(self) -> None:
        """Raise UnreadableDelivery when more rows agree on another width than have the header's: then it is the header
        that has lost or gained a cell, and the few rows that fit it have as well."""
        expected = len(self.header.names)
        width, count = max(self.widths.items(), key=lambda item: item[1], default=(expected, 0))
        if width not in (expected, UNTELLABLE) and count >= _ROWS_TO_DOUBT_A_HEADER and count > self.widths[expected]:
            raise UnreadableDelivery(
                f"表头有 {expected} 列，而多数行（{count} 行）有 {width} 列，表头可能缺失或多出分隔符。"
                "请合作单位核对表头后重新交付。",
                f"the header has {expected} columns, but {count} rows, more than fit it, have {width}: a delimiter of "
                "the header was lost or added; ask the partner for a corrected delivery",
            )

    @property
    def _closing_line(self) -> int | None:
        return min((line for line, label, _ in self.totals if label in _GRAND_TOTALS), default=None)

    def _suspects(self, columns: list[pa.Array], heads: pa.Array, is_sparse: Mask) -> Mask:
        """Rows worth a look one by one, found at engine speed; the look itself is _is_other."""
        suspects = np.array(pc.fill_null(pc.is_in(heads, value_set=self.labels), False))
        for cells in (heads, *columns[1:_LABEL_COLUMNS]):
            suspects |= np.asarray(pc.fill_null(pc.match_substring(cells, "计"), False))
        if is_sparse.any():
            notes = pc.match_substring_regex(heads.filter(pa.array(is_sparse)), _NOTE_FORM)
            repeated = pc.is_in(heads.filter(pa.array(is_sparse)), value_set=self._preamble)
            suspects[is_sparse] |= np.asarray(pc.fill_null(pc.or_(notes, repeated), False))
        return suspects

    def _is_other(self, cells: Sequence[str], line: int) -> bool:
        """Whether a row is a total, a header again, a title again, a note or blank; a total is taken down."""
        row = [normal(cell) for cell in cells]
        filled = [cell for cell in row if cell]
        if not filled:
            return True
        if len(filled) * 2 <= len(self.header.names) and (
            "".join(filled) in self.header.preamble or re.match(_NOTE_FORM, filled[0])
        ):
            return True
        return self._is_total(row, filled, line) or self._is_header(row)

    def _is_total(self, row: list[str], filled: list[str], line: int) -> bool:
        """A total is labelled in its first cell, or near it, behind a category; then a required cell is empty."""
        label = _TOTAL.fullmatch(filled[0])
        if not label or label["prefix"]:
            is_data = all(at < len(row) and row[at] for at in self.required)
            labels = [match for cell in row[:_LABEL_COLUMNS] if (match := _TOTAL.fullmatch(cell))]
            if is_data or not labels:
                return False
            label = labels[0]
        counts = [match[1].replace(",", "") for cell in filled[1:] if (match := _COUNT.fullmatch(cell))]
        self.totals.append((line, label["label"], int(counts[0]) if counts else None))
        return True

    def _is_header(self, row: list[str]) -> bool:
        if tuple(row) in self.header.rows:
            return True
        if not is_header(row, self.feed):
            return False
        names = self.header.names
        if any(cell in names and names.index(cell) != at for at, cell in enumerate(row) if cell):
            raise UnreadableDelivery(
                "文件中途再次出现表头，且列的顺序与文件开头不同，无法确定各行的列。请合作单位按同一模板导出后重新交付。",
                "a second header with its columns in another order stands in the middle of the file; "
                "ask for a delivery by one template",
            )
        return True


def _heads(columns: list[pa.Array]) -> pa.Array:
    """The first cell of each row that is not blank, trimmed; null for a blank row."""
    heads = _filled(columns[0])
    for column in columns[1:]:
        if not heads.null_count:
            break
        heads = pc.coalesce(heads, _filled(column))
    return heads


def _filled(column: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _is_sparse(columns: list[pa.Array]) -> Mask:
    """Rows of which at least half of the cells are empty."""
    filled = np.zeros(len(columns[0]), np.int32)
    for column in columns:
        filled += np.asarray(pc.binary_length(column)) > 0
    return filled * 2 <= len(columns)
