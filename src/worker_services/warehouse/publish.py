"""The pointer to the build that readers see: swapped in one step, never a half, and back again by one command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from worker_services.audit import ledger
from worker_services.audit.ledger import LedgerUnusable
from worker_services.audit.protected import name_of, named
from worker_services.files import sweep, write_json
from worker_services.intervals import utc_now
from worker_services.settings import Settings

KEPT_BUILDS = 10
KEPT_ASIDE = 3
PUBLISH, ROLLBACK = "warehouse.publish", "warehouse.rollback"
"""What the ledger calls the two ways in which a build comes to be the one that readers see."""


class NotPublishable(Exception):
    """A build that readers must not see; says why and what to do."""


@dataclass(frozen=True)
class Published:
    """The build that readers see, and how it came to be that one.

    `replaced` is the build that readers saw until then; `rollback_reason` is None unless a rollback made this one
    current. `previous` are the ids of those published before it that are still kept, newest first; `withdrawn` those
    that a rollback took from readers.
    """

    build_id: str
    path: Path
    as_of: datetime
    published_at: datetime
    published_by: str
    replaced: str | None
    rollback_reason: str | None
    input_fingerprint: str
    previous: list[str]
    withdrawn: list[str]


def current(settings: Settings) -> Published | None:
    """The published build, or None before the first one."""
    try:
        fields = json.loads(pointer(settings).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Published(
        build_id=fields["build_id"],
        path=settings.warehouse / fields["path"],
        as_of=datetime.fromisoformat(fields["as_of"]),
        published_at=datetime.fromisoformat(fields["published_at"]),
        published_by=fields.get("published_by", ""),
        replaced=fields.get("replaced"),
        rollback_reason=fields.get("rollback_reason"),
        input_fingerprint=fields["input_fingerprint"],
        previous=fields["previous"],
        withdrawn=[item for item in fields.get("withdrawn", []) if record_path(settings, item).exists()],
    )


def pointer(settings: Settings) -> Path:
    return settings.warehouse / "current.json"


def build_path(settings: Settings, build_id: str) -> Path:
    return settings.builds / f"{build_id}.duckdb"


def record_path(settings: Settings, build_id: str) -> Path:
    return settings.builds / f"{build_id}.json"


def events_path(settings: Settings, build_id: str) -> Path:
    """Where the OpenLineage events of a build lie, unless a collector takes them."""
    return settings.data_root / "openlineage" / f"{build_id}.ndjson"


def read_record(settings: Settings, build_id: str) -> dict[str, Any]:
    """What was written about a build when it was made and audited. Raises FileNotFoundError."""
    return dict(json.loads(record_path(settings, build_id).read_text(encoding="utf-8")))


def publish(settings: Settings, build_id: str, by: str | None = None) -> Published:
    """Make an audited build the one that readers see. Publishing the current build again changes nothing.

    `by` is by default who acts by the settings. Raises NotPublishable; readers then see what they saw before.
    """
    with changing(settings):
        standing = current(settings)
        if standing and standing.build_id == build_id:
            return standing
        if standing and build_id in (*standing.previous, *standing.withdrawn):
            raise NotPublishable(
                f"{build_id} was published before, and another build took its place; to go back to it: "
                f"worker-services warehouse rollback --to {build_id} --reason …"
            )
        previous = [standing.build_id, *standing.previous] if standing else []
        withdrawn = standing.withdrawn if standing else []
        return _swap(settings, build_id, by, None, previous, withdrawn)


def rollback(settings: Settings, reason: str, to: str | None = None, by: str | None = None) -> Published:
    """Give readers the build before the published one, or the kept build `to`. Going back to what they see is nothing.

    What was published after the build that is gone back to is withdrawn: it is not published again but by a rollback
    to it. Raises NotPublishable; readers then see what they saw before.
    """
    if not reason.strip():
        raise NotPublishable("a rollback needs a reason, for the ledger")
    with changing(settings):
        standing = current(settings)
        if standing is None:
            raise NotPublishable("nothing is published yet: there is nothing to go back from")
        if to == standing.build_id:
            return standing
        if to in standing.withdrawn:
            withdrawn = [item for item in standing.withdrawn if item != to]
            return _swap(settings, to, by, reason, [standing.build_id, *standing.previous], withdrawn)
        if not standing.previous or (to and to not in standing.previous):
            asked = f"build {to}" if to else "a build before the published one"
            kept = ", ".join((*standing.previous, *standing.withdrawn)) or "none"
            raise NotPublishable(f"{asked} is not kept; builds to go back to: {kept}")
        at = standing.previous.index(to) if to else 0
        withdrawn = [standing.build_id, *standing.previous[:at], *standing.withdrawn]
        return _swap(settings, standing.previous[at], by, reason, standing.previous[at + 1 :], withdrawn)


@contextmanager
def changing(settings: Settings) -> Iterator[None]:
    """Hold the lock under which the pointer and the verdicts on builds are written.

    What a run that was killed did not come to, its entry in the ledger and the removal of old builds, is done first.
    """
    settings.builds.mkdir(parents=True, exist_ok=True)
    ledger.require_key(settings)
    with FileLock(settings.warehouse / ".publish.lock"):
        standing = current(settings)
        if standing and standing.published_by:  # earlier versions kept no ledger of this
            _note(settings, standing)
        _drop_old(settings, standing)
        yield


def clear_leftovers(settings: Settings) -> None:
    """Remove what killed runs have left among the builds. Only for who holds the lock of builds."""
    with changing(settings):
        sweep(settings.warehouse, older_than_seconds=0)
        for path in settings.builds.glob("*.duckdb"):
            if not record_path(settings, path.stem).exists():
                path.unlink()


def _swap(
    settings: Settings,
    build_id: str,
    by: str | None,
    reason: str | None,
    previous: list[str],
    withdrawn: list[str],
) -> Published:
    record = _require_publishable(settings, build_id)
    standing = current(settings)
    try:
        write_json(
            pointer(settings),
            {
                "build_id": build_id,
                "path": str(build_path(settings, build_id).relative_to(settings.warehouse)),
                "as_of": record["as_of"],
                "published_at": utc_now().isoformat(),
                "published_by": by or settings.actor,
                "replaced": standing.build_id if standing else None,
                "rollback_reason": reason,
                "input_fingerprint": record["input_fingerprint"],
                "previous": previous[: KEPT_BUILDS - 1],
                "withdrawn": withdrawn,
            },
        )
    except OSError as error:
        raise NotPublishable(
            f"{pointer(settings)} could not be written ({error.strerror}): readers see what they saw before; "
            "mend the disk and give the command again"
        ) from error
    published = current(settings)
    if published is None:
        raise NotPublishable(f"{pointer(settings)} is gone right after it was written")
    _note(settings, published)
    _drop_old(settings, published)
    return published


def _require_publishable(settings: Settings, build_id: str) -> dict[str, Any]:
    """The record of a build that readers may see. Raises NotPublishable."""
    path = build_path(settings, build_id)
    if not path.exists() or not record_path(settings, build_id).exists():
        raise NotPublishable(f"there is no build {build_id}; run: worker-services warehouse build")
    if path.with_name(f"{path.name}.wal").exists():
        raise NotPublishable(f"{path.name} has a write-ahead log beside it: it was not closed well; build again")
    record = read_record(settings, build_id)
    if not record.get("audit", {}).get("passed"):
        raise NotPublishable(f"{build_id} has not passed its audit; run: worker-services warehouse audit {build_id}")
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            found = database.execute("select build_id from landing.build").fetchall()
    except duckdb.Error as error:
        raise NotPublishable(f"{path.name} cannot be read ({error}); build again") from error
    if found != [(build_id,)]:
        raise NotPublishable(f"{path.name} holds another build ({found}); build again")
    return record


def _note(settings: Settings, published: Published) -> None:
    """Enter how the published build came to be that in the ledger, once. Raises NotPublishable."""
    action = PUBLISH if published.rollback_reason is None else ROLLBACK
    at = published.published_at.isoformat()
    try:
        if any(entry.details["published_at"] == at for entry in ledger.about(settings, action, published.build_id)):
            return
        details: dict[str, Any] = {"from": published.replaced, "to": published.build_id, "published_at": at}
        if published.rollback_reason is not None:
            details["reason"] = published.rollback_reason
        details["files"] = named(settings, [pointer(settings)])
        ledger.append(settings, published.published_by, action, published.build_id, details)
    except LedgerUnusable as error:
        raise NotPublishable(
            f"readers see {published.build_id}, but the ledger could not be written ({error}); mend that and give the "
            "command again"
        ) from error


def _drop_old(settings: Settings, standing: Published | None) -> None:
    """Keep the published build, those before it, the withdrawn ones, and of all others (not published) the newest few.

    Of withdrawn and other builds none is kept that is older than the oldest of a full set of published ones.
    """
    published = {standing.build_id, *standing.previous} if standing else set()
    withdrawn = set(standing.withdrawn) if standing else set()
    newest_first = sorted(
        (read_record(settings, path.stem) for path in settings.builds.glob("*.json")),
        key=lambda record: str(record["built_at"]),
        reverse=True,
    )
    if len(published) == KEPT_BUILDS:
        oldest = min(record["built_at"] for record in newest_first if record["build_id"] in published)
    else:
        oldest = ""
    ids = [record["build_id"] for record in newest_first if record["built_at"] >= oldest]
    others = [build_id for build_id in ids if build_id not in published | withdrawn]
    kept = published | (withdrawn & set(ids)) | set(others[:KEPT_ASIDE])
    for record in newest_first:
        if record["build_id"] not in kept:
            deleted = [name_of(settings, path) for path in sorted(settings.builds.glob(f"{record['build_id']}.*"))]
            ledger.append_once(settings, settings.actor, "warehouse.drop", record["build_id"], {"deleted": deleted})
            # The record first: a file without one is a leftover, which the next build removes.
            record_path(settings, record["build_id"]).unlink()
            build_path(settings, record["build_id"]).unlink(missing_ok=True)
            events_path(settings, record["build_id"]).unlink(missing_ok=True)
