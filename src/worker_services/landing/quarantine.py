"""Rows that broke their contract: the reasons in Parquet, readable by all; the rows themselves whole, and encrypted."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from worker_services.contracts import Contract
from worker_services.files import replacing, write_bytes
from worker_services.intervals import Interval
from worker_services.landing.checks import CheckedRows
from worker_services.privacy.vault import seal
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
        ("column_name", pa.string()),
        ("rule", pa.string()),
        ("value_shape", pa.string()),
        ("message_zh", pa.string()),
        ("message_en", pa.string()),
        ("landed_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True)
class HeldBatch:
    """Rows of one batch in quarantine, counted by what is wrong with them."""

    batch_id: str
    partner: str
    feed: str
    interval: str
    rows: int
    reasons: dict[str, int]


def store(
    settings: Settings,
    batch_id: str,
    partner: str,
    contract: Contract,
    interval: Interval,
    checked: CheckedRows,
    landed_at: datetime,
    secrets: Secrets,
) -> None:
    """Keep the held rows of a batch, under the batch's own name."""
    rules = {rule["rule"]: rule["rule_zh"] for rule in read_seed("rules/rules")}
    labels = {name: contract.label_of(name) for name in ("", *(column.name for column in contract.columns))}
    reasons = [
        {
            "batch_id": batch_id,
            "partner": partner,
            "feed": contract.feed,
            "interval_start": interval.start,
            "interval_end": interval.end,
            "message_zh": f"第 {row['row_number']} 行「{labels[row['column_name']]}」：{rules[row['rule']]}",
            "message_en": f"row {row['row_number']}, {row['column_name'] or 'whole row'}: {row['rule']}",
            "landed_at": landed_at.replace(tzinfo=None),
            **row,
        }
        for row in checked.reasons.to_pylist()
    ]
    folder = partition(settings.quarantine, contract.feed, partner, interval.last_day)
    with replacing(folder / f"{batch_id}.parquet") as temporary:
        pyarrow.parquet.write_table(pa.Table.from_pylist(reasons, schema=SCHEMA), temporary)
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in checked.held.to_pylist())
    write_bytes(folder / f"{batch_id}.rows.age", seal(rows.encode(), secrets))


def held(settings: Settings, partner: str | None = None, feed: str | None = None) -> list[HeldBatch]:
    """Batches with rows in quarantine, by date; narrowed to a partner or a feed when given."""
    pattern = f"feed={feed or '*'}/partner={partner or '*'}/date=*/*.parquet"
    found = sorted(settings.quarantine.glob(pattern), key=lambda path: (path.parent.name, path.name))
    return [_summary(path) for path in found]


def reasons(path: Path) -> list[dict[str, object]]:
    """Every reason in one quarantine file, by row."""
    return duckdb.read_parquet(str(path)).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _summary(path: Path) -> HeldBatch:
    rows = reasons(path)
    first = rows[0]
    return HeldBatch(
        batch_id=str(first["batch_id"]),
        partner=str(first["partner"]),
        feed=str(first["feed"]),
        interval=f"{first['interval_start']}/{first['interval_end']}",
        rows=len({row["row_number"] for row in rows}),
        reasons=dict(Counter(f"{row['column_name']}:{row['rule']}" for row in rows).most_common()),
    )
