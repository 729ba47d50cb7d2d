"""Which files the ledger answers for, and how an entry names them: in `files` with their SHA-256, in `deleted` without.

The last entry that names a file is the one that counts.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from worker_services.audit import ledger
from worker_services.files import sha256
from worker_services.settings import Settings

DATA = (
    "landing",
    "outcomes",
    "quarantine",
    "quality",
    "vault",
    "printed",
    "provenance",
    "warehouse",
    "compacted",
    "ledger/heads",
)
REPORTS = ("briefings", "quality", "outbox")
OUTBOX = "reports/outbox/"
NAME_DIGITS = 32


def named(settings: Settings, paths: Iterable[Path]) -> dict[str, str]:
    """The names of files and their SHA-256, as an entry has them under `files`."""
    return {name_of(settings, path): sha256(path) for path in paths}


def name_of(settings: Settings, path: Path) -> str:
    """The name of a file in the ledger, wherever the roots lie: data/… or reports/…

    The name of a mail's file tells its recipient, so a digest stands for it.
    """
    if path.is_relative_to(settings.reports_root):
        name = f"reports/{path.relative_to(settings.reports_root).as_posix()}"
    else:
        name = f"data/{path.relative_to(settings.data_root).as_posix()}"
    if name.startswith(OUTBOX):
        return OUTBOX + hashlib.sha256(path.name.encode()).hexdigest()[:NAME_DIGITS]
    return name


def is_named(settings: Settings, action: str, subject: str, path: Path) -> bool:
    """Whether an entry of this action about this subject names a file already.

    Who enters a file that was not written just now asks this first: what was changed since must not be entered anew.
    """
    name = name_of(settings, path)
    return any(name in entry.details.get("files", {}) for entry in ledger.about(settings, action, subject))


def enter_folder(settings: Settings, action: str, subject: str, folder: Path) -> None:
    """Enter a folder as it lies there now, and what an earlier entry of this action about this subject had besides."""
    enter_files(settings, action, subject, files_below(folder))


def enter_files(settings: Settings, action: str, subject: str, paths: Iterable[Path]) -> None:
    """Enter files as they are now, all that the subject has; those of the last entry that are not among them went."""
    files = named(settings, sorted(paths))
    last = next(reversed(ledger.about(settings, action, subject)), None)
    if last is None or last.details["files"] != files:
        deleted = sorted(last.details["files"].keys() - files.keys()) if last else []
        ledger.append(settings, settings.actor, action, subject, {"files": files, "deleted": deleted})


def path_of(settings: Settings, name: str) -> Path:
    """Where a file lies that the ledger names; the name of a mail is a digest, which leads nowhere."""
    root, _, path = name.partition("/")
    return (settings.reports_root if root == "reports" else settings.data_root) / path


def present(settings: Settings) -> dict[str, Path]:
    """Every file that ought to be named, by its name."""
    roots = [settings.data_root / folder for folder in DATA] + [settings.reports_root / folder for folder in REPORTS]
    return {name_of(settings, path): path for root in roots for path in files_below(root) if _counts(settings, path)}


def _counts(settings: Settings, path: Path) -> bool:
    """Left out: the folder that dbt works in, copies that `compacted/current.json` names by their hash, what becomes of
    a mail (its `.json` grows), and previews of mails, which count as nothing.
    """
    if path.is_relative_to(settings.warehouse / "dbt"):
        return False
    if path.is_relative_to(settings.compacted):
        return path.name == "current.json"
    if path.is_relative_to(settings.reports_root / "outbox"):
        return path.suffix == ".eml" and not path.name.startswith("preview_")
    return True


def files_below(folder: Path) -> Iterator[Path]:
    """Files below a folder, if there is one, but hidden ones: locks, and what is still being written."""
    try:
        with os.scandir(folder) as found:
            inside = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return
    for item in inside:
        if item.name.startswith("."):
            continue
        if item.is_dir():
            yield from files_below(Path(item.path))
        else:
            yield Path(item.path)
