"""A sample of a delivery: its first rows, read as the night would read them, and what personal data is in them."""

import io
import re
import secrets as random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyrage
from pydantic import SecretStr

from worker_services.connections import Connection
from worker_services.contracts import Column, Contract
from worker_services.intervals import Interval
from worker_services.landing.reading import Delivered, UnreadableDelivery, read
from worker_services.landing.rules import is_valid_citizen_id, value_shape
from worker_services.partners.fetch import fetch
from worker_services.partners.registry import Feed, FileSource
from worker_services.secrets import Secrets

ROWS = 1000
FETCHED_BYTES = 256 << 20
_DOCUMENTS = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_PERSONAL_HEADERS = {  # what a column is called that holds it; RE2, in lower case
    "name": r"姓名|名字|联系人|经办人|申请人$|当事人$|患者$|person_?name|full_?name|worker_?name|^xm$|xingming",
    "address": r"地址|住址|住所|户籍|address|^dz$|zhuzhi",
    "phone": r"电话|手机|联系方式|phone|mobile|^tel|lxdh|sjh",
    "citizen_id": r"身份证|公民身份|证件号|id_?card|id_?no$|citizen|sfzh|zjhm",
}


class SampleTooBig(Exception):
    """The partner's delivery is too big to look at in memory; a narrower interval helps."""


@dataclass(frozen=True)
class Sample:
    """The first rows of a delivery. `rows` is the table of the reader's stream."""

    rows: pa.Table
    delivered: Delivered

    def again(self) -> Delivered:
        """The same rows as a delivery, for the door's own checks."""
        return replace(self.delivered, batches=self.rows.to_reader())


@dataclass(frozen=True)
class DeliveredColumn:
    """One column as it came: share of rows that fill it, what most values look like, and personal data found in it."""

    name: str
    filled: float
    shape: str
    distinct: int
    personal: tuple[str, ...]


def throwaway_secrets() -> Secrets:
    """Secrets for a look at which nothing is kept."""
    return Secrets(
        worker_key_secret=SecretStr(random.token_hex(32)),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )


def from_file(path: Path, feed: Feed, contract: Contract, interval: Interval, rows: int = ROWS) -> Sample:
    """Read the first rows of a file; a saved answer of an API may be a JSON document. Raises UnreadableDelivery."""
    kind = _DOCUMENTS.get(path.suffix.lower())
    if feed.source.kind in ("http_json", "sql") and kind:
        records = getattr(feed.source, "records", "")
        source = FileSource(kind="file", path="{first}", format=kind, records=records)  # type: ignore[arg-type]
        feed = feed.model_copy(update={"source": source})
    return _first_rows(io.BytesIO(path.read_bytes()), feed, contract, interval, rows)


def from_partner(
    connection: Connection, feed: Feed, contract: Contract, interval: Interval, rows: int = ROWS
) -> Sample:
    """Fetch an interval and read its first rows. Raises DeliveryFault, UnreadableDelivery, SampleTooBig."""
    sink = _Memory()
    fetch(connection, feed.source, interval, sink)
    return _first_rows(io.BytesIO(sink.getvalue()), feed, contract, interval, rows)


def columns_of(sample: Sample, last_day: str) -> list[DeliveredColumn]:
    """Every delivered column in the order it came, mapped or not."""
    identity = r"(?:^|[^0-9])([1-9]\d{16}[0-9Xx])(?:[^0-9Xx]|$)"
    phone = r"(^|[^0-9])1[3-9]\d{9}([^0-9]|$)"
    headers = " ".join(
        f"when regexp_matches(lower(name), '{pattern}') then '{kind}'" for kind, pattern in _PERSONAL_HEADERS.items()
    )
    valid = is_valid_citizen_id("upper(found)", last_day)
    with duckdb.connect(config={"temp_directory": ""}) as engine:
        engine.register("stream", sample.rows)
        found = engine.execute(
            f"""
            with records as (
                select _row_number, ({sample.delivered.whole})::json as whole from stream where _cells is null
            ),
            cells as (
                select
                    records._row_number, entry.id as position, entry.key as name,
                    json_extract_string(entry.value, '$') as cell
                from records, json_each(records.whole) as entry
            ),
            judged as (
                select
                    *,
                    nullif(trim(cell), '') is not null as is_filled,
                    len(list_filter(
                        regexp_extract_all(translate(cell, '０１２３４５６７８９Ｘ', '0123456789X'), '{identity}', 1),
                        lambda found: {valid}
                    )) > 0 as has_citizen_id,
                    regexp_matches(coalesce(cell, ''), '{phone}') as has_phone,
                    {value_shape("cell")} as shape
                from cells
            )
            select
                name,
                count(*) filter (where is_filled) / greatest((select count(*) from records), 1) as filled,
                coalesce(mode(shape) filter (where is_filled), '') as shape,
                count(distinct cell) filter (where is_filled) as different,
                case {headers} end as called,
                count(*) filter (where has_citizen_id) as citizen_ids,
                count(*) filter (where has_phone) as phones
            from judged
            group by name
            order by min(_row_number), min(position)
            """
        ).fetchall()
    return [
        DeliveredColumn(
            name,
            float(filled),
            shape,
            different,
            tuple(
                dict.fromkeys(
                    kind
                    for kind, is_there in (("citizen_id", citizen_ids), ("phone", phones), (called, called))
                    if is_there
                )
            ),
        )
        for name, filled, shape, different, called, citizen_ids, phones in found
    ]


def personal_kind(name: str) -> str | None:
    """The kind of personal data that a column of this name holds, if any."""
    return next((kind for kind, form in _PERSONAL_HEADERS.items() if re.search(form, name.lower())), None)


def is_free_text(column: Column) -> bool:
    """Whether a person may type anything into the column."""
    rules = (column.code_list, column.check_digit, column.pattern, column.key_position, column.references)
    return column.logical_type == "string" and not any(rules)


def _first_rows(raw: io.BytesIO, feed: Feed, contract: Contract, interval: Interval, rows: int) -> Sample:
    delivered = read(raw, feed, contract, interval)
    schema = delivered.batches.schema
    taken = pa.Table.from_batches(_until(delivered, rows), schema).slice(0, rows)
    if not taken.num_rows:
        raise UnreadableDelivery(
            "样例中没有数据行。请换一份有数据的样例。", "the sample has no row of data; take one that has"
        )
    return Sample(taken, delivered)


def _until(delivered: Delivered, rows: int) -> Iterator[pa.RecordBatch]:
    seen = 0
    for batch in delivered.batches:
        yield batch
        seen += batch.num_rows
        if seen >= rows:
            return


class _Memory(io.BytesIO):
    """A sink that keeps nothing on a disk, and not too much in memory."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.tell() + len(data) > FETCHED_BYTES:
            raise SampleTooBig(f"more than {FETCHED_BYTES >> 20} MiB: look at a shorter interval")
        return super().write(data)
