"""Heads of the ledger, kept where its writers do not reach: who holds one finds out when the ledger is cut off or made
anew behind it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker_services.audit import ledger
from worker_services.audit.protected import named
from worker_services.files import write_json
from worker_services.settings import Settings

ACTION = "ledger.head"
FINDINGS = "ledger.findings"
SITE = "quality.site"
"""The action that enters the auditors' pages about all nights, which show the last head."""

MAIL = "ledger_head_"
"""What the mail of a head is called, before its number."""


class HeadUnreadable(Exception):
    """What was given as a head of the ledger is none; says what it ought to be."""


@dataclass(frozen=True)
class Head:
    """What somebody holds of the ledger: that its entry `seq` had this hash. `source` says who."""

    source: str
    seq: int
    hash: str


def as_head(entry: ledger.Entry) -> dict[str, Any]:
    """An entry as whoever keeps it for comparison needs it: it stands for all `seq` entries up to it."""
    return {
        "seq": entry.seq,
        "time": entry.time,
        "hash": entry.hash,
        "signature": entry.signature,
        "public_key": entry.public_key,
    }


def keep(settings: Settings) -> Path | None:
    """Write the head to data/ledger/heads/<number>.json and enter that; None when nothing was done since the last one.

    That the last one was mailed is nothing, nor that a page says so. Raises LedgerUnusable.
    """
    entries = ledger.entries(settings)
    news = next((entry for entry in reversed(entries) if not _is_of_heads(entry)), None)
    if news is None or news.action == ACTION:
        return None
    last = entries[-1]
    path = folder(settings) / f"{last.seq:010}.json"
    write_json(path, as_head(last))
    ledger.append(settings, settings.actor, ACTION, str(last.seq), {"files": named(settings, [path])})
    return path


def enter_findings(settings: Settings, kinds: Iterable[str]) -> None:
    """Enter how many findings a verification had, by the kind of each; the same again is not entered again."""
    counted = dict(sorted(Counter(kinds).items()))
    ledger.append_once(settings, settings.actor, FINDINGS, "ledger", {"findings": counted})


def kept(settings: Settings) -> list[Head]:
    """The heads that lie in the house: those of the nights, and those that briefings carry. What cannot be read is
    none: that its file was changed is found by its hash.
    """
    paths = [*folder(settings).glob("*.json"), *(settings.reports_root / "briefings").glob("*/*.figures.json")]
    found = []
    for path in sorted(paths):
        with suppress(HeadUnreadable):
            found.append(read(path))
    return found


def _is_of_heads(entry: ledger.Entry) -> bool:
    """Whether an entry only follows from a head that was kept."""
    return entry.action == SITE or entry.subject.startswith(MAIL)


def read(path: Path) -> Head:
    """A head that somebody kept: a file of a night, or the figures of a briefing as JSON. Raises HeadUnreadable."""
    try:
        stated = json.loads(path.read_bytes())
        stated = stated.get("ledger", stated)
        return Head(path.name, int(stated["seq"]), str(stated["hash"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeadUnreadable(
            f"{path} is no head of the ledger: give a night's file, or a briefing's .figures.json"
        ) from error


def parse(text: str) -> Head:
    """A head as it is printed: the number of an entry and its hash, 123:0f3a… Raises HeadUnreadable."""
    seq, _, digest = text.replace(" ", "").partition(":")
    if not seq.isdecimal() or len(digest) != len(ledger.GENESIS):
        raise HeadUnreadable(f"'{text}' is no head of the ledger; write it like 123:0f3a…, with all 64 digits")
    return Head("as given", int(seq), digest.lower())


def folder(settings: Settings) -> Path:
    return settings.data_root / "ledger" / "heads"
