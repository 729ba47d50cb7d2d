"""The small JSON records of landing, manifests and outcomes, read without opening each of them every time.

A compaction keeps a copy of their text (`landing/compaction.py`). A record is taken from the copy as long as its file
has the size and the time of change that it had then; a new or changed one is opened, one that vanished is gone. What is
found is the same with a copy and without one.

What a compaction writes is named by the SHA-256 of its bytes and never changed; `current.json` says which files count.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from worker_services.files import sha256, sync
from worker_services.settings import Settings

log = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("pair", pa.string()),
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("changed_ns", pa.int64()),
        ("text", pa.string()),
    ]
)


@dataclass(frozen=True)
class Record:
    """The text of one JSON file, and its size and time of change (ns) when it was read.

    `pair` is the folder of its feed and partner, `path` lies below it.
    """

    pair: str
    path: str
    bytes: int
    changed_ns: int
    text: str


def of_pair(settings: Settings, root: Path, feed: str, partner: str) -> Iterator[Record]:
    """Every record of a feed of a partner below `root`, by folder and name."""
    pair = f"feed={feed}/partner={partner}"
    copied = _copied(settings, root.name, pair)
    for folder in _entries(root / pair):
        if not folder.name.startswith("date="):
            continue
        for entry in _entries(folder.path):
            if not entry.name.endswith(".json") or entry.name.startswith("."):
                continue
            stat, path = entry.stat(), f"{folder.name}/{entry.name}"
            known = copied.get(path)
            if known is None or (known.bytes, known.changed_ns) != (stat.st_size, stat.st_ctime_ns):
                text = Path(entry.path).read_text(encoding="utf-8")
                known = Record(pair, path, stat.st_size, stat.st_ctime_ns, text)
            yield known


def pairs(root: Path) -> list[tuple[str, str]]:
    """Feed and partner of every folder of records below `root`."""
    return [
        (feed.name.removeprefix("feed="), partner.name.removeprefix("partner="))
        for feed in _entries(root)
        for partner in _entries(feed.path)
    ]


def copy(settings: Settings, root: Path) -> Path:
    """Write a copy of every record below `root`, a row group a pair. It counts once `current.json` names it."""

    def write(path: Path) -> None:
        with pyarrow.parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            for feed, partner in pairs(root):
                rows = [asdict(record) for record in of_pair(settings, root, feed, partner)]
                if rows:
                    writer.write_table(pa.Table.from_pylist(rows, SCHEMA), row_group_size=len(rows))

    return keep(settings.compacted, root.name, write)


def keep(folder: Path, name: str, write: Callable[[Path], None]) -> Path:
    """Have a Parquet file written whole, named by its content. One process at a time may do so in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.tmp"
    write(temporary)
    sync(temporary)
    path = folder / f"{name}-{sha256(temporary)}.parquet"
    temporary.replace(path)
    sync(folder)
    return path


def is_whole(path: Path) -> bool:
    """Whether a file that is named by its content is there and still has it; if not, that is logged."""
    try:
        if path.stem.rpartition("-")[2] == sha256(path):
            return True
        fault = "is damaged"
    except FileNotFoundError:
        fault = "is gone"
    log.warning("%s %s; it is not read until a compaction has made it anew", path, fault)
    return False


def current(settings: Settings, name: str) -> Path | None:
    """The file of a name that counts, or None where there is none that can be read."""
    pointer = settings.compacted / "current.json"
    try:
        named = json.loads(pointer.read_text(encoding="utf-8"))
        path = settings.compacted / str(named[name])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        log.warning("%s cannot be read; the small files are read until a compaction has made it anew", pointer)
        return None
    return path if _is_whole_since(path, _stamp(path)) else None


@lru_cache(maxsize=16)
def _is_whole_since(path: Path, stamp: tuple[int, int] | None) -> bool:
    """`is_whole`, found out once while a file is not touched: a listing asks for each feed of each partner."""
    return is_whole(path)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_size, stat.st_ctime_ns


def _copied(settings: Settings, name: str, pair: str) -> dict[str, Record]:
    path = current(settings, name)
    if path is None:
        return {}
    with pyarrow.parquet.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            if file.metadata.row_group(number).column(0).statistics.min == pair:
                columns = file.read_row_group(number).to_pydict().values()
                return {record.path: record for record in map(Record, *columns)}
    return {}


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
