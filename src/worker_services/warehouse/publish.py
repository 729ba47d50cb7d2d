"""The pointer to the build that readers see: swapped in one step, never a half."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from worker_services.files import write_json
from worker_services.intervals import utc_now
from worker_services.settings import Settings

KEPT_BUILDS = 10


class NotPublishable(Exception):
    """A build that readers must not see; says why and what to do."""


@dataclass(frozen=True)
class Published:
    """The build that readers see. `previous` are the ids of those before it that are still kept, newest first."""

    build_id: str
    path: Path
    as_of: datetime
    published_at: datetime
    input_fingerprint: str
    previous: list[str]


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
        input_fingerprint=fields["input_fingerprint"],
        previous=fields["previous"],
    )


def pointer(settings: Settings) -> Path:
    return settings.warehouse / "current.json"


def publish(settings: Settings, build_id: str) -> Published:
    """Make an audited build the one that readers see. Publishing the current build again changes nothing.

    Raises NotPublishable.
    """
    standing = current(settings)
    if standing and standing.build_id == build_id:
        return standing
    path = settings.builds / f"{build_id}.duckdb"
    if not path.exists():
        raise NotPublishable(f"there is no build {build_id}; run: worker-services warehouse build")
    if path.with_name(f"{path.name}.wal").exists():
        raise NotPublishable(f"{path.name} has a write-ahead log beside it: it was not closed well; build again")
    record = json.loads((settings.builds / f"{build_id}.json").read_text(encoding="utf-8"))
    if not record.get("audit", {}).get("passed"):
        raise NotPublishable(f"{build_id} has not passed its audit; run: worker-services warehouse audit {build_id}")
    previous = [standing.build_id, *standing.previous] if standing else []
    kept, dropped = previous[: KEPT_BUILDS - 1], previous[KEPT_BUILDS - 1 :]
    write_json(
        pointer(settings),
        {
            "build_id": build_id,
            "path": str(path.relative_to(settings.warehouse)),
            "as_of": record["as_of"],
            "published_at": utc_now().isoformat(),
            "input_fingerprint": record["input_fingerprint"],
            "previous": kept,
        },
    )
    for old in dropped:
        (settings.builds / f"{old}.json").unlink(missing_ok=True)
        (settings.builds / f"{old}.duckdb").unlink(missing_ok=True)
    published = current(settings)
    if published is None:
        raise NotPublishable(f"{pointer(settings)} is gone right after it was written")
    return published
