"""A delivery's bytes become a table of text, one column a contract column; nothing is inferred and nothing shifts."""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.csv

from worker_services.contracts import Contract
from worker_services.landing.encoding import decode
from worker_services.partners.delivery import Delivery
from worker_services.partners.registry import Feed, FileSource

TOTAL_LABELS = {"合计", "小计", "总计", "累计"}
PREAMBLE_ROWS = 50  # how far down a header may stand


class UnreadableDelivery(Exception):
    """The delivery as a whole cannot be trusted. Both messages say what is wrong, without a cell of it."""

    def __init__(self, message_zh: str, message_en: str) -> None:
        super().__init__(message_en)
        self.message_zh = message_zh
        self.message_en = message_en


@dataclass(frozen=True)
class RaggedRow:
    """A row with more or fewer cells than the header; kept whole, never padded."""

    row_number: int
    cells: int
    expected_cells: int
    text: str


@dataclass(frozen=True)
class RawTable:
    """Text cells by contract column; `_row_number` (1 is the first row of data) and `_whole`, the row as it came."""

    table: pa.Table
    ragged: list[RaggedRow] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        """Rows of data, readable or not; titles, headers, totals and blank rows are none."""
        return int(self.table.num_rows) + len(self.ragged)


def read(delivery: Delivery, feed: Feed, contract: Contract) -> RawTable:
    """Read a delivery by its partner's mapping. Raises UnreadableDelivery."""
    if delivery.declared_sha256 and delivery.declared_sha256.lower() != hashlib.sha256(delivery.raw).hexdigest():
        raise UnreadableDelivery(
            "文件内容与随附的 SHA-256 校验值不符，疑为传输中断或交付后被改动。请合作单位重新交付文件及校验值。",
            "the file does not match the SHA-256 delivered with it: it was cut off or changed; ask for both again",
        )
    if isinstance(feed.source, FileSource):
        return _read_delimited(delivery.raw, feed, feed.source)
    return _read_records(delivery, feed, contract)


def _read_delimited(raw: bytes, feed: Feed, source: FileSource) -> RawTable:
    if not raw.strip():
        raise UnreadableDelivery(
            "文件为空（0 行）。请合作单位重新导出并交付；当日确无业务时，应交付只有表头的文件。",
            "the file is empty; ask the partner to export it again (a day without records has a header row alone)",
        )
    text = decode(raw, source.encoding)
    header, body = _split_at_header(text, feed, source.delimiter)
    positions = _positions(header, feed)
    table, ragged = _parse(body, len(header), source.delimiter)
    rows = _Rows(table, ragged)
    declared = rows.take_totals()
    rows.drop_blank()
    if source.has_total_row:
        _check_total(declared, rows.count)
    columns = {name: rows.table.column(position) for name, position in positions.items()}
    whole = pa.compute.binary_join_element_wise(
        *(rows.table.column(index) for index in range(len(header))), source.delimiter
    )
    columns |= {"_row_number": rows.table.column("_row_number"), "_whole": whole}
    mapped = set(positions.values())
    return RawTable(
        table=pa.table(columns),
        ragged=rows.ragged,
        unmapped=_names(name for index, name in enumerate(header) if index not in mapped),
    )


def _split_at_header(text: str, feed: Feed, delimiter: str) -> tuple[list[str], str]:
    """Find the header: the first row, among the first rows, that holds most of the mapped names."""
    wanted = {_normal(name) for name in feed.columns.values()}
    best: tuple[int, list[str], int] = (0, [], 0)
    for cells, end in _leading_records(text, delimiter):
        normal = [_normal(cell) for cell in cells]
        found = len(wanted.intersection(normal))
        if found > best[0]:
            best = (found, normal, end)
    found, header, end = best
    if found * 2 < len(wanted):
        raise UnreadableDelivery(
            f"未找到表头：前 {PREAMBLE_ROWS} 行中没有一行包含约定列名的一半以上。"
            f"约定列名为：{'、'.join(feed.columns.values())}。"
            "请核对导出模板后重新交付；数据组亦可在合作单位配置中更新列名映射。",
            f"no header found in the first {PREAMBLE_ROWS} rows; expected the columns "
            f"{', '.join(feed.columns.values())}; ask for a delivery by the agreed template, "
            "or update the mapping in the partner's file",
        )
    return header, text[end:]


def _leading_records(text: str, delimiter: str) -> Iterator[tuple[list[str], int]]:
    consumed = 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in io.StringIO(text, newline=""):
            consumed += len(line)
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    for number, cells in enumerate(reader, start=1):
        yield cells, consumed
        if number == PREAMBLE_ROWS:
            return


def _positions(header: list[str], feed: Feed) -> dict[str, int]:
    """Where each contract column stands. Raises UnreadableDelivery when one that is mapped is absent or there twice."""
    absent = [name for name in feed.columns.values() if _normal(name) not in header]
    if absent:
        known = {_normal(name) for name in feed.columns.values()}
        unknown = _names(name for name in header if name not in known)
        raise UnreadableDelivery(
            f"缺少约定的列：{'、'.join(absent)}。文件中未登记的列：{'、'.join(unknown) or '无'}。"
            "若为列名变更，请数据组更新合作单位配置中的列名映射；否则请合作单位按约定模板重新交付。",
            f"agreed columns are absent: {', '.join(absent)}; columns nobody knows: {', '.join(unknown) or 'none'}; "
            "if they were renamed, update the mapping in the partner's file; otherwise ask for a new delivery",
        )
    twice = [name for name in feed.columns.values() if header.count(_normal(name)) > 1]
    if twice:
        raise UnreadableDelivery(
            f"列名重复：{'、'.join(twice)}，无法确定以哪一列为准。请合作单位更正后重新交付。",
            f"columns stand twice: {', '.join(twice)}; ask the partner for a corrected delivery",
        )
    return {column: header.index(_normal(name)) for column, name in feed.columns.items()}


def _parse(body: str, width: int, delimiter: str) -> tuple[pa.Table, list[RaggedRow]]:
    ragged: list[RaggedRow] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(RaggedRow(row.number, row.actual_columns, row.expected_columns, row.text))
        return "skip"

    names = [str(index) for index in range(width)]
    data = body.encode()
    if not data.strip():
        return pa.table({name: pa.array([], pa.string()) for name in names}), []
    table = pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=max(len(data), 1 << 20)),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=True, invalid_row_handler=keep
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return table, ragged


class _Rows:
    """Rows of a delimited file while what is no data is taken out of them."""

    def __init__(self, table: pa.Table, ragged: list[RaggedRow]) -> None:
        taken = {row.row_number for row in ragged}
        numbers = [n for n in range(1, table.num_rows + len(ragged) + 1) if n not in taken]
        self.table = table.append_column("_row_number", pa.array(numbers, pa.int64()))
        self.ragged = ragged

    @property
    def count(self) -> int:
        return int(self.table.num_rows) + len(self.ragged)

    def take_totals(self) -> int | None:
        """Take out total rows; the first whole number of the last one is the count it declares."""
        first = pa.compute.utf8_trim_whitespace(self.table.column(0))
        is_total = pa.compute.is_in(first, pa.array(sorted(TOTAL_LABELS)))
        totals = [list(row.values())[:-1] for row in self.table.filter(is_total).to_pylist()]
        self.table = self.table.filter(pa.compute.invert(is_total))
        for row in [row for row in self.ragged if _normal(row.text.split(",")[0]) in TOTAL_LABELS]:
            totals.append(row.text.split(","))
            self.ragged = [other for other in self.ragged if other is not row]
        counts = [cell for cells in totals[-1:] for cell in map(_normal, cells) if re.fullmatch(r"\d+", cell)]
        return int(counts[0]) if counts else None

    def drop_blank(self) -> None:
        cells = [pa.compute.utf8_trim_whitespace(self.table.column(i)) for i in range(self.table.num_columns - 1)]
        whole = pa.compute.binary_join_element_wise(*cells, "")
        self.table = self.table.filter(pa.compute.not_equal(whole, ""))
        self.ragged = [row for row in self.ragged if row.text.strip(" ,\t\u3000")]


def _check_total(declared: int | None, counted: int) -> None:
    if declared is None:
        raise UnreadableDelivery(
            f"文件末尾没有“合计”行（已读到 {counted} 行），疑为传输中断或文件被截断。请合作单位重新交付完整文件。",
            f"the file has no total row after {counted} rows: it was cut off; ask for a new delivery",
        )
    if declared != counted:
        raise UnreadableDelivery(
            f"“合计”行载明 {declared} 行，实际读到 {counted} 行，二者不符。请合作单位核对后重新交付。",
            f"the total row declares {declared} rows, {counted} were read; ask the partner to check and deliver again",
        )


def _read_records(delivery: Delivery, feed: Feed, contract: Contract) -> RawTable:
    lines = delivery.raw.decode("utf-8").split("\n")[:-1]
    if delivery.declared_rows is not None and delivery.declared_rows != len(lines):
        raise UnreadableDelivery(
            f"接口声明共 {delivery.declared_rows} 条，实际取得 {len(lines)} 条，疑为翻页期间数据变动。"
            "请重新运行本批次。",
            f"the API declares {delivery.declared_rows} records, {len(lines)} were received; run this batch again",
        )
    source = pa.table(
        {
            "_whole": pa.array(lines, pa.string()),
            "_row_number": pa.array(range(1, len(lines) + 1), pa.int64()),
        }
    )
    fields = {column: f'$."{name}"' for column, name in feed.columns.items()}
    picked = ", ".join(f"json_extract_string(_whole, '{path}') as \"{column}\"" for column, path in fields.items())
    with duckdb.connect() as engine:
        engine.register("source", source)
        table = engine.execute(
            f"select {picked}, _row_number, _whole from source order by _row_number"
        ).to_arrow_table()
        keys = engine.execute("select distinct unnest(json_keys(_whole)) from source").fetchall()
    present = {name for (name,) in keys}
    if lines:
        _check_fields(present, feed, contract)
    return RawTable(table=table, unmapped=_names(sorted(present - set(feed.columns.values()))))


def _check_fields(present: set[str], feed: Feed, contract: Contract) -> None:
    required = {column.name for column in contract.columns if column.required}
    absent = [name for column, name in feed.columns.items() if column in required and name not in present]
    if absent:
        unknown = _names(sorted(present - set(feed.columns.values())))
        raise UnreadableDelivery(
            f"接口记录中缺少约定的必填字段：{'、'.join(absent)}。未登记的字段：{'、'.join(unknown) or '无'}。"
            "若为字段更名，请数据组更新合作单位配置中的映射；否则请合作单位恢复该字段。",
            f"agreed fields are absent from the records: {', '.join(absent)}; fields nobody knows: "
            f"{', '.join(unknown) or 'none'}; update the mapping in the partner's file, or ask for the fields back",
        )


def _names(found: Iterable[str]) -> list[str]:
    """Names of columns for a message; what could be a number of a person is masked, should a row pose as a header."""
    return [re.sub(r"\d{5,}", "…", name) for name in found if name]


def _normal(text: str) -> str:
    """A header or label without what people type by chance: width, surrounding and inner spaces, line breaks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
