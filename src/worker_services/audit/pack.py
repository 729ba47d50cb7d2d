"""One archive with what an outside auditor needs of a week or a quarter, and how to check it without this program.

What lies in the house keeps its name in the ledger (data/…, reports/…), so that the packed ledger speaks of the packed
files. The rest is written for the pack: the ledger itself, public keys, the rows to count again, models and checks.
"""

import dataclasses
import hashlib
import json
import re
import tempfile
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from worker_services.audit import counting, issues, ledger
from worker_services.audit.issues import Issue
from worker_services.audit.protected import path_of
from worker_services.audit.signing import as_pem, key_id
from worker_services.audit.trace import build_of, printed_cells
from worker_services.audit.verify import Word, words_of
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path, reading
from worker_services.files import replacing
from worker_services.files import sha256 as sha256_of
from worker_services.intervals import Week
from worker_services.quality.catalogue import collect, manifest_of_last_build
from worker_services.settings import Settings
from worker_services.sql_literals import quoted
from worker_services.warehouse import printed
from worker_services.warehouse.provenance import Provenance

ACTION = "audit.pack"
PERIOD = re.compile(r"(\d{4})-(?:Q([1-4])|(W\d{2}))")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time that every member of the archive bears: the same inputs give the same bytes."""
READMES = {"README.md": "README.md.j2", "说明.md": "说明.md.j2"}
"""The commands that they tell are the same, and stand in templates/pack/checks/."""
SOURCES = ("expectations/", "dbt_project/models/", "dbt_project/seeds/", "dbt_project/macros/")
"""What of the project's files is packed, as far as it still is what the last issue was built by."""
Progress = Callable[[int, int], None]


class NotPackable(Exception):
    """There is nothing to pack, or it is not what the ledger says; says what to do."""


@dataclass(frozen=True)
class Pack:
    """An archive that was made. `entries` of the ledger are in it, from the first on; `recounted` is the week whose
    figures can be counted again from its rows.
    """

    path: str
    sha256: str
    bytes: int
    files: int
    weeks: list[str]
    editions: int
    figures: int
    batches: int
    entries: int
    recounted: str
    cells: int


def weeks_of(period: str) -> list[Week]:
    """The ISO weeks of a quarter (2025-Q4: those whose Thursday lies in it), or the one week (2025-W43).

    Raises ValueError.
    """
    match = PERIOD.fullmatch(period)
    if match is None:
        raise ValueError(f"'{period}' is neither a quarter nor a week; write it like 2025-Q4 or 2025-W43")
    year, quarter, week = int(match[1]), match[2], match[3]
    if week:
        return [Week.parse(period)]
    last = Week.of(date(year, 12, 28)).number
    numbered = [Week(year, number) for number in range(1, last + 1)]
    return [each for each in numbered if (_thursday(each).month - 1) // 3 + 1 == int(quarter)]


def pack(settings: Settings, period: str, out: Path | None = None, progress: Progress = lambda _, __: None) -> Pack:
    """Make the archive of a period, by default reports/packs/audit-<period>.zip, and enter its SHA-256 in the ledger.

    `progress` is told how many members of how many are in it.
    Raises ValueError, NotPackable, NotTraceable, BuildFailed.
    """
    weeks = weeks_of(period)
    out = out or settings.reports_root / "packs" / f"audit-{period}.zip"
    by_week = {week: found for week in weeks if (found := issues.recorded(settings, week))}
    if not by_week:
        covered = sorted({record.week for record in printed.every(settings)})
        there = f"there are issues of {covered[0]} to {covered[-1]}" if covered else "no issue ever went out"
        raise NotPackable(f"no issue of {period} went out, so there is nothing to be checked; {there}")
    rows = ledger.rows(settings)
    words = words_of(rows)
    batches = _batches(settings, [issue for found in by_week.values() for issue in found])
    chosen = {name: words[name] for name in _chosen(words, settings, by_week, batches)}
    _require_whole(settings, chosen)
    _require_pdfs(settings, by_week)
    entries = _entries_until(rows, chosen, by_week)
    last_week = max(by_week)
    with tempfile.TemporaryDirectory(prefix="audit-pack-") as folder:
        made = Path(folder)
        cells, code = _recount(settings, by_week[last_week], made / "rows" / str(last_week))
        _write_ledger(made, entries)
        _write_models(settings, made, code, chosen)
        _, signs = ledger.sign(settings, "")
        _write_key(made, signs)
        members: dict[str, Path] = {name: path_of(settings, name) for name in chosen}
        members |= {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}
        told = _told(period, by_week, last_week, entries, chosen, cells) | {"key": key_id(signs), "public_key": signs}
        texts = {name: _text(settings, template, told) for name, template in READMES.items()}
        sums = _sums(members, texts)
        texts["SHA256SUMS"] = sums
        texts["SHA256SUMS.sig"] = b64decode(ledger.sign(settings, sums.decode())[0])
        _write_zip(out, f"audit-{period}", members, texts, progress)
    digest = sha256_of(out)
    details = {"sha256": digest, "bytes": out.stat().st_size, "entries": entries[-1][0]}
    ledger.append_once(settings, settings.actor, ACTION, period, details)
    return Pack(
        path=str(out),
        sha256=digest,
        bytes=out.stat().st_size,
        files=len(members) + len(texts),
        weeks=[str(week) for week in by_week],
        editions=sum(map(len, by_week.values())),
        figures=sum(len(issue.figures) for found in by_week.values() for issue in found),
        batches=len(batches),
        entries=len(entries),
        recounted=str(last_week),
        cells=cells,
    )


# --- what of the house is packed ------------------------------------------------------------------------------------


def _chosen(
    words: dict[str, Word], settings: Settings, by_week: dict[Week, list[Issue]], batches: set[str]
) -> Iterator[str]:
    """Names in the ledger of the files that go out: no landed row, no raw byte, no held row, no mail.

    Worker keys are personal data still, and landed rows hold them beside what was done to whom: what they are is told
    by their hashes, which manifests and ledger name.
    """
    standing = [issue for found in by_week.values() for issue in found]
    weeks = {str(week) for week in by_week}
    last_day = max(by_week).end
    builds = {record["build_id"] for record in _records(settings, by_week)}
    codes = {issue.made_by.get("code_fingerprint") for issue in standing}
    codes |= {record.get("rendering") for record in _records(settings, by_week)}
    days = {str(day) for week in by_week for day in _days(week)}
    for name, word in sorted(words.items()):
        parts, stem = name.split("/"), Path(name).stem
        match parts[:2]:
            case ["data", "printed"]:
                wanted = parts[2] in weeks or stem in builds
            case ["data", "provenance"]:
                wanted = stem in codes
            case ["data", "warehouse"]:
                wanted = name.endswith(".json") and stem in builds
            case ["data", "ledger"]:
                wanted = True
            case ["data", "landing" | "quality"]:
                wanted = name.endswith(".json") and stem in batches
            case ["data", "quarantine"]:
                wanted = name.endswith(".parquet") and stem in batches
            case ["data", "outcomes"]:
                wanted = parts[-2].removeprefix("date=") <= str(last_day)
            case ["reports", "briefings"]:
                wanted = parts[2] in weeks
            case ["reports", "quality"]:
                wanted = not weeks.isdisjoint(parts) or (not days.isdisjoint(parts) and "data_docs" not in parts)
            case _:
                wanted = False
        if wanted and word.sha256 is not None:
            yield name


def _records(settings: Settings, by_week: dict[Week, list[Issue]]) -> list[dict[str, Any]]:
    """Every record of the weeks, also those that were replaced."""
    return [
        json.loads(record.path.read_text(encoding="utf-8"))
        for week in by_week
        for record in printed.every(settings, week)
    ]


def _thursday(week: Week) -> date:
    """The day that says to which year and quarter a week belongs."""
    return date.fromisocalendar(week.year, week.number, 4)


def _days(week: Week) -> Iterator[date]:
    return (date.fromisocalendar(week.year, week.number, day) for day in range(1, 8))


def _batches(settings: Settings, standing: list[Issue]) -> set[str]:
    """The batches that the issues were counted from."""
    found: set[str] = set()
    for path in {printed.batches_path(settings, issue.build_id) for issue in standing}:
        found |= {name for (name,) in duckdb.sql(f"select batch_id from read_parquet({quoted(path)})").fetchall()}
    return found


def _require_whole(settings: Settings, chosen: dict[str, Word]) -> None:
    wrong = []
    for name, word in chosen.items():
        path = path_of(settings, name)
        if not path.exists() or sha256_of(path) != word.sha256:
            wrong.append(name)
    if wrong:
        raise NotPackable(
            f"{len(wrong)} files are not what the ledger says ({', '.join(wrong[:3])} …): look into it first: "
            "worker-services audit verify"
        )


def _require_pdfs(settings: Settings, by_week: dict[Week, list[Issue]]) -> None:
    for issue in (issue for found in by_week.values() for issue in found):
        pdf = BriefingFiles.at(settings, issue.week, issue.edition).pdf
        if not pdf.exists() or sha256_of(pdf) != issue.pdf_sha256:
            raise NotPackable(
                f"{pdf} is not the PDF that went out ({issue.path.name}), it was rendered anew since: send it, or make "
                f"the one that went out again: worker-services briefing render {issue.week} --edition {issue.edition}"
            )


def _entries_until(
    rows: list[tuple[Any, ...]], chosen: dict[str, Word], by_week: dict[Week, list[Issue]]
) -> list[tuple[Any, ...]]:
    """The ledger from its first entry to the last that is about what is packed: what came after changes no byte."""
    subjects = tuple(f"{week}/" for week in by_week)
    about = [row[0] for row in rows if row[4].startswith(subjects)]
    last = max([*about, *(word.seq for word in chosen.values())])
    return [row for row in rows if row[0] <= last]


# --- what is written for the pack -----------------------------------------------------------------------------------


def _recount(settings: Settings, last: list[Issue], folder: Path) -> tuple[int, Provenance]:
    """Write the rows behind the last issue of the period. Returns how many cells they make, and the build's code.

    The year to date of the last issue holds the rows of those before it, as they were known when it went out.
    """
    by_build: dict[str, list[Issue]] = {}
    for issue in last:
        by_build.setdefault(issue.build_id, []).append(issue)
    of_build = max(by_build.values(), key=len)
    with build_of(settings, of_build[0]) as build, reading(build_path(build.house, build.build_id)) as database:
        cells = printed_cells(database, of_build)
        counting.count(database, build.code, cells, rows_into=folder)
        return len(cells), build.code


def _write_ledger(made: Path, entries: list[tuple[Any, ...]]) -> None:
    lines = [ledger.canonical(dataclasses.asdict(ledger.as_entry(row))) for row in entries]
    (made / "ledger.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for public_key in {row[7] for row in entries}:
        _write_key(made, public_key)


def _write_key(made: Path, public_key: str) -> None:
    path = made / "keys" / f"{key_id(public_key)}.pem"
    path.parent.mkdir(exist_ok=True)
    path.write_text(as_pem(public_key), encoding="utf-8")


def _write_models(settings: Settings, made: Path, code: Provenance, chosen: dict[str, Word]) -> None:
    """The SQL that was run, the project's files that it was made of, and the catalogue of checks."""
    for name in chosen:
        if name.startswith("data/provenance/"):
            for model in json.loads(path_of(settings, name).read_text(encoding="utf-8")).get("models", {}).values():
                if model.get("compiled"):
                    path = made / "models" / Path(name).stem / f"{model['name']}.sql"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(model["compiled"].encode())
    for name, digest in code.files.items():
        source = settings.project_root / name
        if name.startswith(SOURCES) and source.is_file() and sha256_of(source) == digest:
            path = made / "project" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_bytes())
    entries = [dataclasses.asdict(entry) for entry in collect(settings, manifest_of_last_build(settings))]
    (made / "catalogue.json").write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _told(
    period: str,
    by_week: dict[Week, list[Issue]],
    last_week: Week,
    entries: list[tuple[Any, ...]],
    chosen: dict[str, Word],
    cells: int,
) -> dict[str, Any]:
    """What the READMEs say of this pack."""
    return {
        "period": period,
        "weeks": [str(week) for week in by_week],
        "editions": sum(map(len, by_week.values())),
        "figures": sum(len(issue.figures) for found in by_week.values() for issue in found),
        "last_week": str(last_week),
        "cells": cells,
        "files": len(chosen),
        "entries": len(entries),
        "head": entries[-1][8],
    }


def _text(settings: Settings, template: str, told: dict[str, Any]) -> bytes:
    made = jinja2.Environment(  # noqa: S701 - Markdown, of what the program itself says
        loader=jinja2.FileSystemLoader(settings.project_root / "templates" / "pack"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return made.get_template(template).render(told).encode()


def _sums(members: dict[str, Path], texts: dict[str, bytes]) -> bytes:
    digests = {name: sha256_of(path) for name, path in members.items()}
    digests |= {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()


def _write_zip(out: Path, folder: str, members: dict[str, Path], texts: dict[str, bytes], progress: Progress) -> None:
    names = sorted([*members, *texts])
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for done, name in enumerate(names, 1):
            member = zipfile.ZipInfo(f"{folder}/{name}", LONG_AGO)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(member, texts[name] if name in texts else members[name].read_bytes())
            progress(done, len(names))
