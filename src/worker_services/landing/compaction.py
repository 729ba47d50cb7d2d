"""Closed months of small files, copied into few larger ones that a build reads in their place.

The small files stay the truth. A part holds batches of one feed and month, row by row as their own files do; the list
of parts says which, with the SHA-256 of each batch's own file. A part is read for a batch only while that file is
unchanged and is the one its manifest names, and the part itself is whole; for every other batch its own file is read.
Everything in the folder can be deleted at any time: `compact` makes it anew.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from filelock import FileLock

from worker_services.audit import ledger, protected
from worker_services.files import sha256, write_json
from worker_services.landing import batches, outcomes, records
from worker_services.landing.batches import Manifest
from worker_services.settings import Settings, partition

Kind = Literal["rows", "links", "reasons"]
"""What lies in one file a batch: its rows, what its workers were called under earlier secrets, why rows are held."""

Group = tuple[Kind, str, str]
"""Kind, feed and month (2025-10)."""

LARGEST_SMALL_FILE = 8 * 2**20
"""Bytes. A batch with a larger file gains nothing by being copied; its own is read."""

ROWS_A_GROUP = 122_880
SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("feed", pa.string()),
        ("month", pa.string()),
        ("part", pa.string()),
        ("batch_id", pa.string()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("changed_ns", pa.int64()),
        ("rows", pa.int64()),
    ]
)


class DamagedBatch(OSError):
    """The file of a batch is not the one that landed; says which, and what to do."""


@dataclass(frozen=True)
class Piece:
    """One batch in a part: its rows, copied from the file at `path` (below the data root) as it was then.

    `sha256`, `bytes` and `changed_ns` are that file's. The pieces of a part follow each other as their rows do.
    """

    kind: Kind
    feed: str
    month: str
    part: str
    batch_id: str
    path: str
    sha256: str
    bytes: int
    changed_ns: int
    rows: int


@dataclass(frozen=True)
class Sources:
    """Files that hold certain batches, each batch in one of them. `parts` hold other batches too: filter by batch."""

    parts: list[Path]
    own: list[Path]

    @property
    def files(self) -> list[Path]:
        return [*self.parts, *self.own]


@dataclass(frozen=True)
class Compacted:
    """What stands after a compaction: small files in parts, parts, those of them made anew, and records copied."""

    small_files: int
    parts: int
    parts_made: int
    records: int


@dataclass(frozen=True)
class Verified:
    """What was compared, batch by batch, and what was found to differ: batches, or whole parts that are damaged."""

    parts: int
    small_files: int
    rows: int
    differing: list[str]


@dataclass(frozen=True)
class _Own:
    """The file of one batch as it lies there: its rows are read from the very bytes that were hashed."""

    piece: Piece
    data: bytes

    @property
    def rows(self) -> pa.Table:
        table = _parquet(self.data).read()
        if self.piece.kind == "links":  # the only file that does not say whose it is
            return table.append_column("_batch_id", pa.repeat(self.piece.batch_id, table.num_rows))
        return table


def sources(settings: Settings, kind: Kind, items: Iterable[Manifest], feed: str | None = None) -> Sources:
    """Where to read certain batches; `feed` names theirs if they are all of one. Raises DamagedBatch."""
    asked = {item.batch_id: item for item in items}
    held = {piece.batch_id: piece for piece in _pieces(settings, kind, feed) if piece.batch_id in asked}
    stale = {piece.part for piece in held.values() if not _stands_for(settings, piece, asked[piece.batch_id])}
    fresh = sorted({piece.part for piece in held.values()} - stale)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        whole = pool.map(records.is_whole, (settings.compacted / part for part in fresh))
        usable = {part for part, is_whole in zip(fresh, whole, strict=True) if is_whole}
    own = [item for item in asked.values() if item.batch_id not in held or held[item.batch_id].part not in usable]
    return Sources(
        [settings.compacted / part for part in sorted(usable)], [_own_path(settings, kind, item) for item in own]
    )


def compact(settings: Settings, today: date) -> Compacted:
    """Bring the copies up to date: of every record, and of the small files in months that are closed by `today`.

    A month is closed once nights no longer look back into it; what changed in one since is made anew. The state before
    stands until the last step. Raises DamagedBatch, after everything else has been done.
    """
    settings.compacted.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.compacted / ".lock"):
        named = {root.name: records.copy(settings, root) for root in (settings.landing, settings.outcomes)}
        before: dict[Group, list[Piece]] = {}
        for kind in ("rows", "links", "reasons"):
            for piece in _pieces(settings, kind):
                before.setdefault((piece.kind, piece.feed, piece.month), []).append(piece)
        pieces: list[Piece] = []
        damaged: list[str] = []
        for group, items in sorted(_closed(settings, today).items()):
            known = before.get(group, [])
            if _is_up_to_date(settings, known, items):
                pieces += known
            else:
                made, faults = _make(settings, group, items)
                pieces += made
                damaged += faults
        table = pa.Table.from_pylist([asdict(piece) for piece in pieces], SCHEMA)
        named["parts"] = records.keep(
            settings.compacted, "parts", lambda path: pyarrow.parquet.write_table(table, path)
        )
        current = settings.compacted / "current.json"
        write_json(current, {name: path.name for name, path in named.items()})
        ledger.append_once(  # each name holds the hash of its file, and the list of parts those of all others
            settings, settings.actor, "warehouse.compact", "compacted", {"files": protected.named(settings, [current])}
        )
    if damaged:
        raise DamagedBatch("\n".join(damaged))
    parts = {piece.part for piece in pieces}
    return Compacted(
        small_files=len(pieces),
        parts=len(parts),
        parts_made=len(parts - {piece.part for known in before.values() for piece in known}),
        records=sum(pyarrow.parquet.read_metadata(named[name]).num_rows for name in ("landing", "outcomes")),
    )


def verify(settings: Settings) -> Verified:
    """Compare each batch in a part with its own file, row by row, and that file's SHA-256 with its manifest.

    A batch that is no longer in landing is read from nowhere, and left out.
    """
    landed = {
        item.batch_id: item
        for feed, partner in records.pairs(settings.landing)
        for item in batches.of_feed(settings, partner, feed)
    }
    by_part: dict[str, list[Piece]] = {}
    for kind in ("rows", "links", "reasons"):
        for piece in _pieces(settings, kind):
            by_part.setdefault(piece.part, []).append(piece)
    differing: list[str] = []
    for part, pieces in by_part.items():
        if not records.is_whole(settings.compacted / part):
            differing.append(f"{part} is damaged or gone")
            continue
        named = {piece.batch_id: landed.get(piece.batch_id) for piece in pieces}
        differing += _differing(settings, settings.compacted / part, pieces, named)
    compared = [piece for pieces in by_part.values() for piece in pieces]
    return Verified(len(by_part), len(compared), sum(piece.rows for piece in compared), differing)


def remove_unused(settings: Settings, in_use: Iterable[Path]) -> list[Path]:
    """Delete what an earlier compaction left and no longer counts, but for files `in_use`. Returns what was deleted."""
    with FileLock(settings.compacted / ".lock"):
        named = set(in_use)
        named |= {path for name in ("landing", "outcomes", "parts") if (path := records.current(settings, name))}
        for kind in ("rows", "links", "reasons"):
            named |= {settings.compacted / piece.part for piece in _pieces(settings, kind)}
        unused = [
            path
            for path in sorted(settings.compacted.rglob("*"))
            if path.suffix in (".parquet", ".tmp") and path not in named
        ]
        for path in unused:
            path.unlink()
    return unused


def _pieces(settings: Settings, kind: str, feed: str | None = None) -> list[Piece]:
    path = records.current(settings, "parts")
    if path is None:
        return []
    wanted = [("kind", "==", kind), *([("feed", "==", feed)] if feed else [])]
    rows = pyarrow.parquet.read_table(path, filters=wanted, partitioning=None).to_pylist()
    return [Piece(**row) for row in rows]


def _own_path(settings: Settings, kind: Kind, item: Manifest) -> Path:
    if kind == "rows":
        return batches.parquet_path(settings, item)
    if kind == "links":
        return batches.links_path(settings, item)
    return partition(settings.quarantine, item.feed, item.partner, item.interval.last_day) / f"{item.batch_id}.parquet"


def _has(kind: Kind, item: Manifest) -> bool:
    """Whether a batch has a file of a kind."""
    if kind == "links":
        return item.has_worker_key_links
    return kind == "rows" or bool(item.rows_quarantined and not item.supplements)


def _closed(settings: Settings, today: date) -> dict[Group, list[Manifest]]:
    """Batches with small files in months that no night looks back into, those that landed first at the front."""
    found: dict[Group, list[Manifest]] = {}
    kinds: tuple[Kind, ...] = ("rows", "links", "reasons")
    for feed, partner in records.pairs(settings.landing):
        for item in batches.of_feed(settings, partner, feed):
            day = item.interval.last_day
            next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
            if next_month + outcomes.LOOK_BACK > today:
                continue
            for kind in kinds:
                if _has(kind, item) and _is_small(_own_path(settings, kind, item)):
                    found.setdefault((kind, feed, f"{day:%Y-%m}"), []).append(item)
    return {
        group: sorted(items, key=lambda item: (item.landed_at, item.batch_id))
        for group, items in found.items()
        if len(items) > 1
    }


def _is_small(path: Path) -> bool:
    try:
        return path.stat().st_size <= LARGEST_SMALL_FILE
    except FileNotFoundError:  # a build will say so
        return False


def _stands_for(settings: Settings, piece: Piece, item: Manifest) -> bool:
    """Whether a piece is still the batch. Raises DamagedBatch where the batch's own file is no longer what it was."""
    if piece.kind == "rows" and piece.sha256 != item.parquet_sha256:
        return False
    path = settings.data_root / piece.path
    if _is_untouched(path, piece):
        return True
    if path.exists() and sha256(path) == piece.sha256:
        return True
    if piece.kind == "rows":
        raise _damaged(path, item.batch_id)
    return False


def _is_untouched(path: Path, piece: Piece) -> bool:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return False
    return (stat.st_size, stat.st_ctime_ns) == (piece.bytes, piece.changed_ns)


def _damaged(path: Path, batch_id: str) -> DamagedBatch:
    return DamagedBatch(
        f"{path} is gone, or is not the file that landed as {batch_id}: its SHA-256 is not the manifest's; "
        "restore it from a backup, or deliver the interval again"
    )


def _is_up_to_date(settings: Settings, known: list[Piece], items: list[Manifest]) -> bool:
    landed = {item.batch_id: item for item in items}
    return (
        {piece.batch_id for piece in known} == landed.keys()
        and all(piece.kind != "rows" or piece.sha256 == landed[piece.batch_id].parquet_sha256 for piece in known)
        and all(_is_untouched(settings.data_root / piece.path, piece) for piece in known)
        and all(records.is_whole(settings.compacted / part) for part in {piece.part for piece in known})
    )


def _make(settings: Settings, group: Group, items: list[Manifest]) -> tuple[list[Piece], list[str]]:
    """Write the parts of a group, one for each Arrow schema among its files. Returns pieces, and files that are bad."""
    by_schema: dict[pa.Schema, list[Manifest]] = {}
    faults = []
    for item in items:
        try:
            own = _read(settings, group, item)
            schema = own.rows.schema if group[0] == "links" else _parquet(own.data).schema_arrow
            by_schema.setdefault(schema.remove_metadata(), []).append(item)
        except (DamagedBatch, pa.ArrowException) as error:
            faults.append(str(error))
    return [piece for schema, each in by_schema.items() for piece in _make_part(settings, group, schema, each)], faults


def _make_part(settings: Settings, group: Group, schema: pa.Schema, items: list[Manifest]) -> list[Piece]:
    kind, feed, month = group
    pieces: list[Piece] = []

    def write(path: Path) -> None:
        with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            pending: list[pa.Table] = []
            for item in items:
                own = _read(settings, group, item)
                pending.append(own.rows)
                pieces.append(replace(own.piece, rows=pending[-1].num_rows))
                if sum(table.num_rows for table in pending) >= ROWS_A_GROUP or item is items[-1]:
                    rows = pa.concat_tables(pending)
                    writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
                    pending.clear()
        differing = _differing(settings, path, pieces, {item.batch_id: item for item in items})
        if differing:
            raise RuntimeError(f"{kind} of {feed} in {month} were not copied as they are: {'; '.join(differing)}")

    path = records.keep(settings.compacted / f"feed={feed}" / f"month={month}", kind, write)
    return [replace(piece, part=str(path.relative_to(settings.compacted))) for piece in pieces]


def _read(settings: Settings, group: Group, item: Manifest) -> _Own:
    """Raises DamagedBatch unless the file is the one that the manifest names."""
    kind, feed, month = group
    path = _own_path(settings, kind, item)
    stat = path.stat()
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if kind == "rows" and sha256 != item.parquet_sha256:
        raise _damaged(path, item.batch_id)
    named = str(path.relative_to(settings.data_root))
    return _Own(
        Piece(kind, feed, month, "", item.batch_id, named, sha256, stat.st_size, stat.st_ctime_ns, 0),
        data,
    )


def _differing(
    settings: Settings, part: Path, pieces: list[Piece], landed: dict[str, Manifest] | dict[str, Manifest | None]
) -> list[str]:
    """Batches whose rows in a part are not those of their own file, or not as many as their manifest says."""
    found = []
    with pyarrow.parquet.ParquetFile(part) as file:
        if file.metadata.num_rows != sum(piece.rows for piece in pieces):
            return [f"{part.name} does not hold as many rows as its batches"]
        for piece, rows in zip(pieces, _cut(file, pieces), strict=True):
            item = landed[piece.batch_id]
            if item is None:
                continue
            try:
                own = _read(settings, (piece.kind, piece.feed, piece.month), item)
                is_same = own.piece.sha256 == piece.sha256 and rows.equals(own.rows)
            except (DamagedBatch, FileNotFoundError):
                is_same = False
            if piece.kind == "rows":
                is_same = is_same and rows.num_rows == item.rows_accepted
                is_same = (
                    is_same
                    and pyarrow.compute.all(
                        pyarrow.compute.equal(rows["_batch_id"], piece.batch_id), min_count=0
                    ).as_py()
                )
            if not is_same:
                found.append(f"{piece.kind} of {piece.batch_id}")
    return found


def _cut(file: pyarrow.parquet.ParquetFile, pieces: list[Piece]) -> Iterator[pa.Table]:
    """The rows of each piece, in turn; of the file, one row group is held at a time."""
    rest = file.schema_arrow.empty_table()
    groups = iter(range(file.num_row_groups))
    for piece in pieces:
        while rest.num_rows < piece.rows:
            rest = pa.concat_tables([rest, file.read_row_group(next(groups))])
        yield rest.slice(0, piece.rows)
        rest = rest.slice(piece.rows)


def _parquet(data: bytes) -> pyarrow.parquet.ParquetFile:
    return pyarrow.parquet.ParquetFile(pa.BufferReader(data))
