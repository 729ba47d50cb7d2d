"""Whether anything was changed behind the ledger: its chain and signatures, each file it names, each printed figure."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
from filelock import FileLock

from worker_services.audit import heads, ledger, protected
from worker_services.audit.heads import Head
from worker_services.audit.signing import is_signed, key_id
from worker_services.files import sha256
from worker_services.settings import Settings
from worker_services.warehouse import printed

Kind = Literal[
    "ledger_empty",
    "entry_missing",
    "entry_changed",
    "entry_unbound",
    "signature_wrong",
    "key_wrong",
    "head_lost",
    "file_changed",
    "file_missing",
    "file_added",
    "file_back",
    "figure_differs",
]
Progress = Callable[[int, int], None]
Row = tuple[Any, ...]
FILES_AT_ONCE = 256
MAY_BE_MISSING = frozenset({"data/compacted/current.json"})
"""Copies that can be deleted at any time; while they are there, builds read them."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the ledger says. `what` is an entry or a file; `message` says what to do as well."""

    kind: Kind
    what: str
    message: str


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was found. `figures` were held against their builds; of `figures_without_build` the
    build is not kept any more, so that only the record's hash speaks for them. `head` is the last entry.
    """

    entries: int
    files: int
    bytes: int
    figures: int
    figures_without_build: int
    heads: int
    keys: list[str]
    head: dict[str, Any] | None
    findings: list[Finding]


@dataclass(frozen=True)
class Word:
    """What the ledger says last of a file: its SHA-256, or None for deleted; in which entry, of which action."""

    sha256: str | None
    seq: int
    action: str


def verify(
    settings: Settings, trusted: Sequence[str], held: Sequence[Head] = (), progress: Progress = lambda _, __: None
) -> Verification:
    """Check everything. `trusted` are public keys known from elsewhere, `held` heads that somebody kept.

    `progress` is told how many files of how many have been read. Writers go on meanwhile; what looks wrong is looked at
    again once those that were at work have ended. Raises LedgerUnusable.
    """
    # Before the ledger: a file is written first and entered second, and a head is of entries that are there.
    files, known = protected.present(settings), [*heads.kept(settings), *held]
    rows = ledger.rows(settings)
    words = words_of(rows)
    hashes = _hashes(files.items() if words else (), progress)
    findings = list(_of_files(words, files, hashes))
    if findings:
        _wait_for_writers(settings)
        rows = ledger.rows(settings)
        words = words_of(rows)
        doubtful = {finding.what for finding in findings}
        now = protected.present(settings)
        files = {name: path for name, path in files.items() if name not in doubtful or name in now}
        files |= {name: now[name] for name in doubtful if name in now}
        hashes |= _hashes(((name, files[name]) for name in doubtful if name in files), progress)
        findings = [finding for finding in _of_files(words, files, hashes) if finding.what in doubtful]
    wrong = {finding.what for finding in findings}
    figures, without_build, differing = _figures(settings, words, files, wrong)
    return Verification(
        entries=len(rows),
        files=len(hashes),
        bytes=sum(size for _, size in hashes.values()),
        figures=figures,
        figures_without_build=without_build,
        heads=len(known),
        keys=list(dict.fromkeys(key_id(row[7]) for row in rows)),
        head=_head(rows),
        findings=[
            *_of_chain(rows),
            *_of_keys(rows, trusted),
            *_of_heads(rows, known),
            *findings,
            *_of_copies(settings),
            *differing,
        ],
    )


def _of_chain(rows: list[Row]) -> Iterator[Finding]:
    """Entries that were changed, taken out, put in or moved."""
    if not rows:
        yield Finding("ledger_empty", "ledger", "there is no entry at all: nothing was checked; is this the data root?")
    previous, number, key = ledger.GENESIS, 1, None
    for row in rows:
        seq, _, _, action, _, details, previous_hash, public_key, digest, signature = row
        entry = f"entry {seq}"
        if seq != number:
            lost = f"entry {number} is" if seq == number + 1 else f"entries {number} to {seq - 1} are"
            yield Finding("entry_missing", entry, f"{lost} gone: restore the ledger from a backup")
        if previous_hash != previous:
            yield Finding(
                "entry_unbound", entry, "it does not follow the entry before it: one was taken out, put in or moved"
            )
        if ledger.row_hash(row) != digest:
            yield Finding("entry_changed", entry, "its hash is not that of what it says: it was changed")
        if key is not None and public_key != key:
            yield Finding(
                "key_wrong", entry, f"it is signed with key {key_id(public_key)}, which no entry before it names"
            )
        if not is_signed(digest, signature, public_key):
            yield Finding(
                "signature_wrong", entry, "its signature is not that of its hash: it was made without the key"
            )
        previous, number, key = digest, seq + 1, _key_after(action, details, public_key)


def _key_after(action: str, details: str, public_key: str) -> str:
    if action == ledger.ROTATE:
        with suppress(ValueError, KeyError):
            return str(json.loads(details)["public_key"])
    return public_key


def _of_keys(rows: list[Row], trusted: Sequence[str]) -> Iterator[Finding]:
    """A ledger made anew by somebody else is whole in itself: only a key known from elsewhere tells."""
    found = {row[7] for row in rows} | {_key_after(row[3], row[5], row[7]) for row in rows[-1:]}
    if rows and found.isdisjoint(trusted):
        keys = ", ".join(map(key_id, trusted)) or "none given"
        yield Finding(
            "key_wrong",
            "ledger",
            f"no entry is signed with a key that is trusted ({keys}): compare the key with that in earlier briefings; "
            "the ledger may have been made anew",
        )


def _of_heads(rows: list[Row], known: Iterable[Head]) -> Iterator[Finding]:
    """Heads that the ledger does not have any more: its tail was cut off, or it was written anew."""
    digests = {row[0]: row[8] for row in rows}
    for head in known:
        if digests.get(head.seq) != head.hash:
            how = "has another hash now" if head.seq in digests else "is gone"
            yield Finding(
                "head_lost",
                head.source,
                f"it holds entry {head.seq} with hash {head.hash[:16]}…, which {how}: the ledger was cut off, or "
                "an older copy was put in its place",
            )


def words_of(rows: list[Row]) -> dict[str, Word]:
    """What the ledger says last of each file."""
    words: dict[str, Word] = {}
    for seq, _, _, action, _, details, *_ in rows:
        try:
            stated = json.loads(details)
            for name, digest in stated.get("files", {}).items():
                words[name] = Word(digest, seq, action)
            for name in stated.get("deleted", ()):
                words[name] = Word(None, seq, action)
        except (ValueError, AttributeError, TypeError):
            continue  # an entry that was changed, which its hash tells
    return words


def _of_files(
    words: dict[str, Word], files: dict[str, Path], hashes: dict[str, tuple[str | None, int]]
) -> Iterator[Finding]:
    owners = {word.sha256: name for name, word in words.items()}
    for name, word in words.items():
        by = f"entry {word.seq} ({word.action})"
        if word.sha256 is None:
            if name in files:
                yield Finding("file_back", name, f"{by} deleted it, and it is there again: delete it")
        elif name not in files:
            if name not in MAY_BE_MISSING:
                yield Finding("file_missing", name, f"{by} names it, and it is gone: restore it from a backup")
        elif (found := hashes[name][0]) != word.sha256:
            other = owners.get(found)
            how = f"it holds what {other} ought to hold" if other and found else "it is not what was entered"
            yield Finding("file_changed", name, f"{by} names it, and {how}: restore it from a backup")
    for name, path in files.items():
        if name not in words:
            yield Finding(
                "file_added",
                name,
                f"no entry names {path.name}: somebody put it there, or a run was killed right after writing it; run "
                "the step again, and if that does not enter it, take it away",
            )


def _hashes(files: Iterable[tuple[str, Path]], progress: Progress) -> dict[str, tuple[str | None, int]]:
    """SHA-256 and size of each file; None where it cannot be read."""
    listed = list(files)
    parts = [listed[start : start + FILES_AT_ONCE] for start in range(0, len(listed), FILES_AT_ONCE)]
    found: dict[str, tuple[str | None, int]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(lambda part: [(name, *_hash(path)) for name, path in part], parts):
            found |= {name: (digest, size) for name, digest, size in part}
            progress(len(found), len(listed))
    return found


def _hash(path: Path) -> tuple[str | None, int]:
    try:
        return sha256(path), path.stat().st_size
    except OSError:
        return None, 0


def _wait_for_writers(settings: Settings) -> None:
    """Wait until every process that was writing has ended what it did, its entry in the ledger included."""
    roots = (settings.data_root / ".locks", settings.warehouse, settings.data_root / "printed", settings.compacted)
    for folder in (*roots, settings.reports_root / "outbox"):
        for lock in sorted({*folder.glob("*.lock"), *folder.glob(".*.lock")}):
            with suppress(PermissionError), FileLock(lock):  # who may not write there has a copy, which rests
                pass


def _of_copies(settings: Settings) -> Iterator[Finding]:
    """Compacted copies that are not what their names say; `current.json`, which is entered, says which count."""
    for path in sorted(settings.compacted.rglob("*.parquet")):
        if not path.name.startswith(".") and path.stem.rpartition("-")[2] != _hash(path)[0]:
            name = protected.name_of(settings, path)
            yield Finding(
                "file_changed", name, "its hash is not the one in its name: delete it, a compaction makes it anew"
            )


def _figures(
    settings: Settings, words: dict[str, Word], files: dict[str, Path], wrong: set[str]
) -> tuple[int, int, list[Finding]]:
    """How many printed figures equal their builds', how many have none any more, and those that differ.

    Records and builds that are not what was entered are left out: that has been found already.
    """
    compared, without_build, findings = 0, 0, list[Finding]()
    records = [
        name
        for name, word in words.items()
        if word.action == printed.PRINT and name.startswith("data/printed/") and name.endswith(".json")
    ]
    for name in records:
        if name in wrong or name not in files:
            continue
        record = json.loads(files[name].read_bytes())
        build = f"data/warehouse/builds/{record['build_id']}.duckdb"
        if build in wrong or build not in files:
            without_build += sum(figure["is_metric"] for figure in record["figures"])
            continue
        try:
            count, lines = printed.compare(files[name], files[build])
        except duckdb.Error as error:
            count, lines = 0, [f"cannot be compared with its build: {error}"]
        compared += count
        findings += [Finding("figure_differs", name, line) for line in lines]
    return compared, without_build, findings


def _head(rows: list[Row]) -> dict[str, Any] | None:
    return heads.as_head(ledger.as_entry(rows[-1])) if rows else None
