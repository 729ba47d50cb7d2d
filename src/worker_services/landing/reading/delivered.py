"""What reading a delivery gives: a stream of text, nothing inferred, and what was noticed on the way."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyarrow as pa

LEADING_COLUMNS = (
    pa.field("_row_number", pa.int64()),
    pa.field("_place", pa.string()),
    pa.field("_line", pa.int64()),
    pa.field("_cells", pa.int64()),
    pa.field("_text", pa.string()),
)
UNTELLABLE = 0
"""`_cells` of a row whose quoting or JSON is broken, so that where one cell ends cannot be told."""


class Readable(Protocol):
    """A forward-only stream of bytes; `read(n)` gives at most n of them, and none at the end."""

    def read(self, size: int, /) -> bytes: ...


DeliveryCheck = Literal["readable", "columns", "control_total", "declared_rows", "checksum"]
"""What a delivery as a whole is checked for (`expectations/built_in.yaml`)."""


class UnreadableDelivery(Exception):
    """The delivery as a whole cannot be trusted. Both messages say what is wrong, without a cell of it."""

    def __init__(self, message_zh: str, message_en: str, check: DeliveryCheck = "readable") -> None:
        super().__init__(message_en)
        self.message_zh = message_zh
        self.message_en = message_en
        self.check = check


@dataclass
class Summary:
    """Complete once the stream has ended.

    `received`: rows of data, readable or not; titles, headers, totals and blank rows are none. `unmapped`: columns
    nobody knows. `absent`: optional columns of the contract that are mapped but were not delivered. `declared_total`:
    rows that the total row declares. `fault`: why the delivery turned out unreadable while it streamed.
    """

    received: int = 0
    unmapped: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    declared_total: int | None = None
    fault: UnreadableDelivery | None = None


@dataclass(frozen=True)
class Delivered:
    """A delivery as it streams by.

    `batches` has the columns of LEADING_COLUMNS and then the delivered ones as text: c0, c1, … in the order of the
    (first) header, or `_whole`, the record's JSON. `_row_number` counts rows of data from 1; `_line` counts the rows of
    the sheet or the records of the file from 1, titles, headers and blank ones included. A row that has not the
    header's number of cells has `_cells` (or UNTELLABLE) and `_text`, and no cells; for every other row both are null.
    `cells` gives each mapped contract column, `whole` the row as it came (a JSON object of text by delivered name), as
    SQL expressions over the stream's columns.
    """

    batches: pa.RecordBatchReader
    cells: dict[str, str]
    whole: str
    summary: Summary


def streamed(schema: pa.Schema, batches: Iterator[pa.RecordBatch], summary: Summary) -> pa.RecordBatchReader:
    """A reader over `batches` that leaves a fault in the summary, since engines wrap what is raised inside them."""

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except UnreadableDelivery as fault:
            summary.fault = fault
            raise

    return pa.RecordBatchReader.from_batches(schema, guarded())
