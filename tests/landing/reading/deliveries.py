"""Deliveries written by hand for the readers, and what was read of them in plain Python."""

import csv
import io
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing.reading import Summary, read
from worker_services.partners.registry import Feed, load_partners

DAY = Interval.parse("2025-06-03/2025-06-04")
SERVICES = load_contract("health_services")
HOSPITAL = load_partners()["maternity_hospital"].feeds["health_services"]
HEADERS = [aliases[0] for aliases in HOSPITAL.columns.values()]
ROW = [
    "FC2025060300001",
    "测试",
    "220102199003071234",
    "13900000000",
    "2025-06-03",
    "体重管理",
    "南关区",
    "",
    "",
    "5",
    "有效",
]


class Trickle:
    """A stream that gives at most so many bytes at a time, as a network does."""

    def __init__(self, data: bytes, most: int = 1 << 20) -> None:
        self.file = io.BytesIO(data)
        self.most = most

    def read(self, size: int, /) -> bytes:
        return self.file.read(min(size, self.most))


@dataclass(frozen=True)
class Received:
    """Everything a reader gave: the stream, the mapped cells by contract column, the whole rows, the summary."""

    stream: list[dict[str, Any]]
    mapped: list[dict[str, str | None]]
    wholes: list[str | None]
    summary: Summary

    @property
    def rows(self) -> list[list[str | None]]:
        """The cells of the rows that could be read."""
        return [
            list(cells.values()) for cells, row in zip(self.mapped, self.stream, strict=True) if row["_cells"] is None
        ]

    @property
    def numbers(self) -> list[int]:
        return [row["_row_number"] for row in self.stream if row["_cells"] is None]

    @property
    def lines(self) -> list[int]:
        return [row["_line"] for row in self.stream if row["_cells"] is None]

    @property
    def ragged(self) -> list[tuple[int, int, int, str]]:
        """Row number, line, cells and text of the rows that could not."""
        return [
            (row["_row_number"], row["_line"], row["_cells"], row["_text"])
            for row in self.stream
            if row["_cells"] is not None
        ]


def receive(data: bytes, feed: Feed = HOSPITAL, contract=SERVICES, most: int = 1 << 20) -> Received:
    delivered = read(Trickle(data, most), feed, contract, DAY)
    stream = delivered.batches.read_all()
    picked = ", ".join(f'{sql} as "{column}"' for column, sql in delivered.cells.items())
    with duckdb.connect() as engine:
        engine.register("stream", stream)
        mapped = engine.execute(f"select {picked} from stream order by _row_number").to_arrow_table().to_pylist()
        wholes = engine.execute(f"select {delivered.whole} from stream order by _row_number").fetchall()
    assert stream.schema.names[:5] == ["_row_number", "_place", "_line", "_cells", "_text"]
    assert all(field.type == pa.string() for field in list(stream.schema)[5:])
    assert stream.column("_row_number").to_pylist() == list(range(1, delivered.summary.received + 1))
    return Received(stream.to_pylist(), mapped, [whole for (whole,) in wholes], delivered.summary)


def with_source(feed: Feed = HOSPITAL, **changes: Any) -> Feed:
    return feed.model_copy(update={"source": feed.source.model_copy(update=changes)})


WITHOUT_TOTAL = with_source(has_total_row=False, encoding="auto")


def table(
    rows,
    *,
    title="明细表（演示数据）",
    headers=HEADERS,
    total="auto",
    encoding="gb18030",
    newline="\r\n",
    delimiter=",",
    quoting=csv.QUOTE_MINIMAL,
) -> bytes:
    """A delimited file as a partner writes it: title, header, rows, total."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=newline, delimiter=delimiter, quoting=quoting)
    if title:
        writer.writerow([title])
    writer.writerow(headers)
    writer.writerows(rows)
    if total == "auto":
        total = len(rows)
    if total is not None:
        writer.writerow(["合计", total, *[""] * (len(headers) - 2)])
    return out.getvalue().encode(encoding)
