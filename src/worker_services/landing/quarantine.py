"""Rows that broke their contract: the reasons in Parquet, readable by all; the rows themselves whole, and encrypted."""

import json
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from worker_services.contracts import Contract
from worker_services.files import replacing
from worker_services.intervals import Interval
from worker_services.privacy import vault
from worker_services.secrets import Secrets
from worker_services.seeds import read_seed
from worker_services.settings import Settings, partition

SCHEMA = pa.schema(
    [
        ("batch_id", pa.string()),
        ("partner", pa.string()),
        ("feed", pa.string()),
        ("interval_start", pa.date32()),
        ("interval_end", pa.date32()),
        ("row_number", pa.int64()),
        ("place", pa.string()),
        ("line_number", pa.int64()),
        ("column_name", pa.string()),
        ("rule", pa.string()),
        ("value_shape", pa.string()),
        ("message_zh", pa.string()),
        ("message_en", pa.string()),
        ("landed_at", pa.timestamp("us")),
    ]
)
ROWS_AT_ONCE = 10_000
Rows = Callable[[], pa.RecordBatchReader]


@dataclass(frozen=True)
class Held:
    """A batch of which rows are or were held."""

    batch_id: str
    partner: str
    feed: str
    interval: Interval
    landed_at: datetime
    path: Path

    @property
    def sealed(self) -> Path:
        return self.path.with_name(f"{self.batch_id}.rows.age")


@dataclass(frozen=True)
class HeldRow:
    """One held row as it came: text by delivered name; of a row that fits no header the text alone, as `_text`."""

    row_number: int
    place: str
    line: int
    whole: dict[str, Any]

    @property
    def fits_no_header(self) -> bool:
        return set(self.whole) == {"_text"}


class RowsGone(Exception):
    """The sealed rows of a batch are past their retention; the reasons are all that is left."""


def store(
    settings: Settings,
    batch_id: str,
    partner: str,
    contract: Contract,
    interval: Interval,
    reasons: Rows,
    held: Rows,
    landed_at: datetime,
    secrets: Secrets,
) -> None:
    """Keep the held rows of a batch, under the batch's own name; memory stays flat. `held` is read before `reasons`.

    `held` has row_number, place, line_number and whole, JSON text: a row for each held row, by row.
    `reasons` has row_number, place, line_number, column_name, rule, value_shape: a row for each broken rule, by row.
    """
    folder = partition(settings.quarantine, contract.feed, partner, interval.last_day)
    with (
        replacing(folder / f"{batch_id}.rows.age") as temporary,
        temporary.open("wb") as file,
        vault.sealing(file, secrets) as sealed,
    ):
        for lines in _lines(held()):
            sealed.write(lines)
    rules = {rule["rule"]: rule["rule_zh"] for rule in read_seed("rules/rules")}
    labels = {name: contract.label_of(name) for name in ("", *(column.name for column in contract.columns))}
    with duckdb.connect() as engine, replacing(folder / f"{batch_id}.parquet") as temporary:
        engine.register("reasons", reasons())
        explained = engine.execute(
            """
            select
                $batch_id as batch_id, $partner as partner, $feed as feed,
                $start::date as interval_start, $end::date as interval_end,
                row_number, place, line_number, column_name, rule, value_shape,
                if(place = '', '', '“' || place || '”') || '第 ' || line_number || ' 行「'
                    || map($names, $labels)[column_name] || '」：' || map($rules, $rules_zh)[rule] as message_zh,
                if(place = '', '', place || ', ') || 'line ' || line_number || ', '
                    || coalesce(nullif(column_name, ''), 'whole row') || ': ' || rule as message_en,
                $landed_at::timestamp as landed_at
            from reasons
            """,
            {
                "batch_id": batch_id,
                "partner": partner,
                "feed": contract.feed,
                "start": interval.start,
                "end": interval.end,
                "names": list(labels),
                "labels": list(labels.values()),
                "rules": list(rules),
                "rules_zh": list(rules.values()),
                "landed_at": landed_at.replace(tzinfo=None),
            },
        ).to_arrow_reader(ROWS_AT_ONCE)
        with pyarrow.parquet.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
            written = 0
            for batch in explained:
                writer.write_batch(batch.cast(SCHEMA))
                written += batch.num_rows
        if not written:
            raise ValueError(f"batch {batch_id}: rows are held, but no reasons were given")


def of(settings: Settings, partner: str | None = None, feed: str | None = None) -> list[Held]:
    """Every batch of which rows are or were held, by date; narrowed to a partner or a feed when given."""
    found = settings.quarantine.glob(f"feed={feed or '*'}/partner={partner or '*'}/date=*/*.parquet")
    return [read(path) for path in sorted(found, key=lambda path: (path.parent.name, path.name))]


def find(settings: Settings, batch_id: str) -> Held | None:
    """The held rows of one batch, by its id."""
    if not re.fullmatch(r"[\w-]+", batch_id):
        return None
    paths = settings.quarantine.glob(f"feed=*/partner=*/date=*/{batch_id}.parquet")
    return next(map(read, paths), None)


def read(path: Path) -> Held:
    """What a file of reasons belongs to, as its first row says."""
    with pyarrow.parquet.ParquetFile(path) as file:
        row = next(file.iter_batches(batch_size=1)).to_pylist()[0]
    return Held(
        batch_id=row["batch_id"],
        partner=row["partner"],
        feed=row["feed"],
        interval=Interval(row["interval_start"], row["interval_end"]),
        landed_at=row["landed_at"],
        path=path,
    )


def reasons(path: Path) -> list[dict[str, Any]]:
    """Every reason in one quarantine file, by row."""
    return pyarrow.parquet.read_table(path).to_pylist()  # type: ignore[no-any-return]


def rows(batch: Held, secrets: Secrets, wanted: Container[int]) -> Iterator[HeldRow]:
    """The rows of a batch whose numbers are wanted, in order, in the clear. Raises RowsGone."""
    if not batch.sealed.exists():
        raise RowsGone(
            f"the rows of {batch.batch_id} are past their retention; ask the partner to deliver {batch.interval} again"
        )
    with vault.opening(batch.sealed, secrets) as lines:
        for line in lines:
            row = json.loads(line)
            if row["row_number"] in wanted:
                yield HeldRow(**row)


def _lines(held: pa.RecordBatchReader) -> Iterator[bytes]:
    """The held rows as NDJSON, some thousands at a time."""
    with duckdb.connect(config={"temp_directory": ""}) as engine:  # never in the clear on disk
        engine.register("held", held)
        lines = engine.execute(
            """
            select
                '{"row_number":' || row_number || ',"place":' || to_json(place) || ',"line":' || line_number
                || ',"whole":' || whole || '}' as line
            from held
            """
        ).to_arrow_reader(ROWS_AT_ONCE)
        for batch in lines:
            yield ("\n".join(batch.column(0).to_pylist()) + "\n").encode()
