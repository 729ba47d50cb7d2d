"""An issue made again from landing and compared, figure by figure and byte by byte; and what has changed since."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from worker_services.audit import issues, ledger
from worker_services.audit.issues import Issue, NotTraceable
from worker_services.audit.protected import name_of
from worker_services.audit.rebuild import rebuilt
from worker_services.audit.verify import words_of
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.render import render
from worker_services.files import sha256
from worker_services.intervals import Week, utc_now
from worker_services.landing import batches
from worker_services.landing.batches import Manifest
from worker_services.settings import Settings
from worker_services.sql_literals import quoted
from worker_services.warehouse import landing_schema, printed, provenance
from worker_services.warehouse.build import BuildFailed
from worker_services.warehouse.publish import read_record

Kind = Literal[
    "code",
    "packages",
    "configuration",
    "templates",
    "fonts",
    "remarks",
    "batches",
    "worker keys",
    "landed files",
    "outcomes",
    "records",
    "ledger",
    "failed",
]
SHOWN = 8
FOLDERS: tuple[tuple[str, Kind], ...] = (
    ("templates/fonts/", "fonts"),
    ("templates/", "templates"),
    ("locales/", "templates"),
    ("config/", "configuration"),
    ("remarks/", "remarks"),
    ("partners/", "configuration"),
    ("expectations/", "configuration"),
    ("dbt_project/seeds/", "configuration"),
)
"""What a file in a folder is; all others are code."""


@dataclass(frozen=True)
class Change:
    """Something that is not as it was when the issue was made."""

    kind: Kind
    detail: str


@dataclass(frozen=True)
class Difference:
    """A figure that comes out otherwise; None where one of the two does not have it."""

    figure: str
    recorded: str | None
    again: str | None


@dataclass
class Reproduction:
    """An issue beside what was made again. `changes` are the causes, where there are differences."""

    week: str
    edition: str
    number: int
    build_id: str
    as_of: str
    code_version: str | None
    build_id_again: str | None = None
    figures: int = 0
    differences: list[Difference] = field(default_factory=list)
    pdf_sha256: str | None = None
    pdf_sha256_again: str | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether every figure and every byte of the PDF came out as it was."""
        return bool(self.figures) and not self.differences and self.pdf_sha256 == self.pdf_sha256_again


def reproduce(settings: Settings, weeks: Sequence[Week], editions: Sequence[str]) -> Iterator[Reproduction]:
    """Make issues again, each from its build's moment, and compare. Those of one build are made from one build.

    Raises NotTraceable before anything is made, where there is no such issue, and UnknownEdition.
    """
    found = {(week, edition): issues.find(settings, week, edition) for week in weeks for edition in editions}
    for (week, edition), issue in found.items():
        if issue is None:
            raise NotTraceable(
                f"there is no issue of {week} for '{edition}': none went out, and none lies rendered with what it was "
                f"made with; run: worker-services briefing render {week} --edition {edition}"
            )
    by_build: dict[tuple[str, str], list[Issue]] = {}
    for issue in filter(None, found.values()):
        by_build.setdefault((issue.build_id, issue.as_of.isoformat()), []).append(issue)
    for of_build in by_build.values():
        yield from _of_build(settings, of_build)


def _of_build(settings: Settings, of_build: list[Issue]) -> Iterator[Reproduction]:
    first = of_build[0]
    # A file that was changed can keep the build from being made: it is looked for before.
    damaged = [*_landed_files(settings, first), *_printed_records(settings)]
    try:
        with rebuilt(settings, first.as_of, settings.is_demo) as (house, made):
            again = read_record(house, made.build_id)
            changed = [*damaged, *_of_inputs(settings, house, first, again)]
            for issue in of_build:
                yield _compare(settings, house, issue, made.build_id, changed)
    except BuildFailed as error:
        for issue in of_build:
            found = _reproduction(issue)
            found.changes = [*damaged, Change("failed", str(error))]
            yield found


def _reproduction(issue: Issue) -> Reproduction:
    return Reproduction(
        week=str(issue.week),
        edition=issue.edition,
        number=issue.number,
        build_id=issue.build_id,
        as_of=issue.as_of.isoformat(),
        code_version=issue.rendering.get("code_version"),
        pdf_sha256=issue.pdf_sha256,
    )


def _compare(settings: Settings, house: Settings, issue: Issue, build_id: str, changed: list[Change]) -> Reproduction:
    found = _reproduction(issue)
    found.build_id_again, found.changes = build_id, [*changed]
    try:
        files = render(house, issue.week, issue.edition, build_id)
    except BriefingError as error:
        found.changes.append(Change("failed", str(error)))
        return found
    made = json.loads(files.figures_json.read_text(encoding="utf-8"))["figures"]
    recorded = {each.id: (each.value, each.printed) for each in issue.figures}
    again = {each["id"]: (each["value"] or None, each["printed"]) for each in made}
    found.figures = len(recorded)
    found.differences = [
        Difference(name, _said(recorded.get(name)), _said(again.get(name)))
        for name in sorted(recorded.keys() | again.keys())
        if recorded.get(name) != again.get(name)
    ]
    found.pdf_sha256_again = sha256(files.pdf)
    now = json.loads(files.provenance.read_text(encoding="utf-8"))
    if issue.rendering:
        found.changes += _of_files(issue.rendering["files"], now["files"])
        found.changes += _of_packages(issue.rendering["packages"], now["packages"])
    else:
        found.changes.append(Change("records", "what the pages were set with was not kept when the issue went out"))
    if issue.ledger_number != now["ledger_number"]:
        found.changes.append(
            Change("ledger", f"the seal names entry {issue.ledger_number} for the build, now {now['ledger_number']}")
        )
    return found


def _of_inputs(settings: Settings, house: Settings, issue: Issue, again: dict[str, Any]) -> Iterator[Change]:
    """What differs between what a build was made of and what it was made of again."""
    recorded = issue.made_by
    was, now = recorded.get("code_fingerprint"), again["code_fingerprint"]
    if was != now:
        try:
            yield from _of_files(provenance.read(settings, was or "").files, provenance.read(house, now).files)
        except FileNotFoundError:
            yield Change("records", "what the code of the build was made of was not kept")
        if recorded.get("code_version") != again["code_version"]:
            yield Change("code", f"version {recorded.get('code_version')} then, {again['code_version']} now")
    yield from _of_packages(recorded.get("packages") or {}, again["packages"])
    stood = _batches_of(settings, issue)
    stands = set(again["batches"])
    if stood is None:
        yield Change("records", "which batches stood for the build was not kept")
    else:
        rekeyed = _landed_under_another_key(settings, issue, stood - stands)
        yield from _named("worker keys", "landed again after the key of the pseudonyms was rotated", rekeyed)
        yield from _named("batches", "stood then and does not now", stood - stands - rekeyed)
        yield from _named("batches", "stands now and did not then", stands - stood)
    if was == now and stood == stands and recorded.get("input_fingerprint") != again["input_fingerprint"]:
        yield Change("outcomes", "what is known of deliveries, or the hash of a landed file, is not what it was")


def _batches_of(settings: Settings, issue: Issue) -> set[str] | None:
    if "batches" in issue.made_by:
        return {*issue.made_by["batches"]}
    path = printed.batches_path(settings, issue.build_id)
    if not path.exists():
        return None
    return {name for (name,) in duckdb.sql(f"select batch_id from read_parquet({quoted(path)})").fetchall()}


def _landed_under_another_key(settings: Settings, issue: Issue, gone: set[str]) -> set[str]:
    """Of batches that do not stand any more as of the issue, those that landed anew with a key that is newer than it.

    Workers have other pseudonyms in them, which no link leads to from those of the batches before.
    """
    known = {
        key
        for entry in ledger.about(settings, "secret.use", "worker_key_secret")
        if datetime.fromisoformat(entry.time) <= issue.as_of
        for key in (entry.details["key"], *entry.details["previous"])
    }
    standing = landing_schema.known_by(settings, utc_now()).batches if known else []
    return {item.batch_id for item in standing if item.batch_id in gone and item.worker_key_id not in known}


def _links(settings: Settings, standing: Iterable[Manifest]) -> Iterator[Change]:
    """Files that lead from earlier pseudonyms to later ones, and are gone or not what the ledger entered.

    Without them a worker who was met before and after a rotation is counted as two.
    """
    words = words_of(ledger.rows(settings))
    bad = set()
    for path in (batches.links_path(settings, item) for item in standing if item.has_worker_key_links):
        word = words.get(name_of(settings, path))
        if not path.exists() or word is None or sha256(path) != word.sha256:
            bad.add(path.name)
    yield from _named("worker keys", "is not the file of links from earlier keys that the ledger entered", bad)


def _landed_files(settings: Settings, issue: Issue) -> Iterator[Change]:
    """Files in landing that are not what their manifests or the ledger name."""
    standing = landing_schema.known_by(settings, issue.as_of).batches
    bad = {item.batch_id for item in standing if not _is_whole(batches.parquet_path(settings, item), item)}
    yield from _named("landed files", "is not the file that its manifest names", bad)
    yield from _links(settings, standing)


def _is_whole(path: Path, item: Manifest) -> bool:
    return path.exists() and sha256(path) == item.parquet_sha256


def _printed_records(settings: Settings) -> Iterator[Change]:
    """Records of issues that are not what the ledger entered: later issues say what has changed since them."""
    bad = set()
    for entry in ledger.entries(settings):
        if entry.action == printed.PRINT:
            for name, digest in entry.details["files"].items():
                path = settings.data_root / name.removeprefix("data/")
                if not path.exists() or sha256(path) != digest:
                    bad.add(path.name)
    yield from _named("records", "is not the record that the ledger entered", bad)


def _of_files(was: dict[str, str], now: dict[str, str]) -> Iterator[Change]:
    by_kind: dict[Kind, list[str]] = {}
    for path in sorted(was.keys() | now.keys()):
        if was.get(path) != now.get(path):
            what = "is new" if path not in was else "is gone" if path not in now else "was changed"
            kind = next((kind for folder, kind in FOLDERS if path.startswith(folder)), "code")
            by_kind.setdefault(kind, []).append(f"{path} {what}")  # type: ignore[arg-type]
    for kind, found in by_kind.items():
        yield Change(kind, _shortened(found))


def _of_packages(was: dict[str, str], now: dict[str, str]) -> Iterator[Change]:
    found = [
        f"{name} {was.get(name, 'not there')} then, {now.get(name, 'not there')} now"
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]
    if found:
        yield Change("packages", _shortened(found))


def _named(kind: Kind, what: str, names: Iterable[str]) -> Iterator[Change]:
    if found := sorted(names):
        yield Change(kind, _shortened([f"{name} {what}" for name in found]))


def _shortened(found: list[str]) -> str:
    return "; ".join(found[:SHOWN]) + (f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else "")


def _said(figure: tuple[str | None, str] | None) -> str | None:
    return None if figure is None else f"{figure[0] or 'nothing'}, printed '{figure[1]}'"
