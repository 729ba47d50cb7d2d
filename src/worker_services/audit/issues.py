"""What an issue says: the record of what went out, or the files of one that was only rendered."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from worker_services.audit import ledger
from worker_services.audit.ledger import Entry
from worker_services.audit.protected import name_of
from worker_services.briefing.config import load_config
from worker_services.briefing.files import BriefingFiles
from worker_services.intervals import Week
from worker_services.settings import Settings
from worker_services.warehouse import printed, provenance
from worker_services.warehouse.publish import read_record, record_path


class NotTraceable(Exception):
    """What was asked for cannot be followed or made again; says why and what to do."""


class NothingToTrace(NotTraceable):
    """There is no issue, or nothing was kept of what its build was made by: nobody can do anything about it."""


@dataclass(frozen=True)
class Figure:
    """A figure as an issue has it. `value` is exact, as text; `printed` is what readers see."""

    id: str
    week: str
    metric: str
    scope: str
    column: str
    value: str | None
    printed: str
    unit: str


@dataclass(frozen=True)
class Issue:
    """An edition of a week as it went out, for the `number`th time; number 0 was rendered, but is not on record.

    `made_by` and `rendering` say what the build was made by and what the pages were set with, as far as that was kept.
    `entry` is where the ledger has the record.
    """

    week: Week
    edition: str
    number: int
    build_id: str
    as_of: datetime
    figures: list[Figure]
    path: Path
    sha256: str
    pdf_sha256: str | None
    ledger_number: int | None
    made_by: dict[str, Any]
    rendering: dict[str, Any]
    entry: Entry | None


def find(settings: Settings, week: Week, edition: str) -> Issue | None:
    """The issue that stands: the last that went out, else what is rendered; None where there is neither.

    Raises UnknownEdition.
    """
    load_config(settings).edition(edition)
    for record in printed.known_by(settings, datetime.max.replace(tzinfo=UTC)):
        if (record.week, record.edition) == (str(week), edition):
            return _recorded(settings, week, record)
    files = BriefingFiles.at(settings, week, edition)
    return _rendered(settings, week, files) if files.figures_json.exists() and files.provenance.exists() else None


def recorded(settings: Settings, week: Week) -> list[Issue]:
    """The issues of a week that stand, of every edition that went out."""
    standing = printed.known_by(settings, datetime.max.replace(tzinfo=UTC))
    return [_recorded(settings, week, record) for record in standing if record.week == str(week)]


def _recorded(settings: Settings, week: Week, record: printed.Issue) -> Issue:
    text = record.path.read_bytes()
    fields, name = json.loads(text), name_of(settings, record.path)
    made_by = fields.get("build", {})
    entries = ledger.about(settings, printed.PRINT, f"{week}/{record.edition}")
    rendering = provenance.path(settings, fields.get("rendering") or "")
    return Issue(
        week=week,
        edition=record.edition,
        number=record.number,
        build_id=fields["build_id"],
        as_of=datetime.fromisoformat(made_by.get("as_of") or fields["as_of"]),
        figures=[
            _figure(item, item["metric_id"], f"{item['scope_type']}/{item['scope_code']}", item["figure"])
            for item in fields["figures"]
        ],
        path=record.path,
        sha256=sha256(text).hexdigest(),
        pdf_sha256=fields.get("pdf_sha256"),
        ledger_number=fields.get("ledger_number"),
        made_by=made_by,
        rendering=json.loads(rendering.read_text(encoding="utf-8")) if rendering.exists() else {},
        entry=next((entry for entry in entries if name in entry.details["files"]), None),
    )


def _rendered(settings: Settings, week: Week, files: BriefingFiles) -> Issue:
    text = files.figures_json.read_bytes()
    fields, rendering = json.loads(text), json.loads(files.provenance.read_text(encoding="utf-8"))
    is_kept = record_path(settings, fields["build_id"]).exists()
    made_by = read_record(settings, fields["build_id"]) if is_kept else {}
    return Issue(
        week=week,
        edition=fields["edition"],
        number=0,
        build_id=fields["build_id"],
        as_of=datetime.fromisoformat(made_by.get("as_of") or fields["as_of"]),
        figures=[_figure(item, item["metric"], item["scope"], item["column"]) for item in fields["figures"]],
        path=files.figures_json,
        sha256=sha256(text).hexdigest(),
        pdf_sha256=rendering["pdf_sha256"],
        ledger_number=rendering["ledger_number"],
        made_by=made_by,
        rendering=rendering,
        entry=None,
    )


def _figure(item: dict[str, Any], metric: str, scope: str, column: str) -> Figure:
    return Figure(
        id=item["id"],
        week=item["week"],
        metric=metric,
        scope=scope,
        column=column,
        value=item["value"] or None,
        printed=item["printed"],
        unit=item["unit"],
    )
