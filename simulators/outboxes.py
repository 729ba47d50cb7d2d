"""Files as the partners lay them out: which feed under which name, and where a checksum file lies beside it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from simulators.deliveries import Alteration, file_bytes
from simulators.faults import Faults
from simulators.vocabulary import PARTNERS
from simulators.world import Interval, World


@dataclass(frozen=True)
class Outbox:
    """One feed's place below the partner's root: a format string over `first` and `last`, the interval's days."""

    path: str
    has_checksum_file: bool = False

    def path_for(self, interval: Interval) -> str:
        return self.path.format(first=interval.start, last=interval.end - timedelta(days=1))


OUTBOXES: dict[str, dict[str, Outbox]] = {
    "maternity_hospital": {
        "health_services": Outbox("outbox/health_services_{first:%Y%m%d}_{last:%Y%m%d}.csv"),
        "health_screenings": Outbox("outbox/health_screenings_{first:%Y%m%d}_{last:%Y%m%d}.csv"),
    },
    "orthopaedic_hospital": {
        "health_services": Outbox("gonghui/服务明细_{first:%Y%m%d}-{last:%Y%m%d}.xlsx"),
        "health_screenings": Outbox("gonghui/筛查明细_{first:%Y%m%d}-{last:%Y%m%d}.xlsx"),
    },
    "counselling_hotline": {
        "counselling_sessions": Outbox("daily/counselling_{first:%Y%m%d}_{last:%Y%m%d}.zip"),
    },
    "training_base": {
        "training_sessions": Outbox("export/training_sessions_{first}_{last}.csv", has_checksum_file=True),
        "training_attendances": Outbox("export/training_attendances_{first}_{last}.csv", has_checksum_file=True),
        "training_enrolments": Outbox("export/training_enrolments_{first}_{last}.csv", has_checksum_file=True),
        "training_certificates": Outbox("export/training_certificates_{first}_{last}.csv", has_checksum_file=True),
    },
    "hardship_system": {
        "hardship_register": Outbox("register/hardship_register_{first:%Y%m%d}_{last:%Y%m%d}.ndjson"),
        "relief_payments": Outbox("payments/relief_payments_{first:%Y%m%d}_{last:%Y%m%d}.csv"),
    },
    "leadership_office": {
        "meeting_actions": Outbox("推进会议定事项_{first:%Y%m%d}-{last:%Y%m%d}.xlsx"),
        "publicity_items": Outbox("宣传报道_{first:%Y%m%d}-{last:%Y%m%d}.json"),
    },
}


def put_files(world: World, partner: str, root: Path, interval: Interval, faults: Faults, *, again: bool) -> None:
    """Write the interval's files below the partner's root, each in one move; `again` even where nothing has changed."""
    for feed in PARTNERS[partner]:
        outbox = OUTBOXES[partner][feed]
        path = root / outbox.path_for(interval)
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = file_bytes(world, partner, feed, interval, faults.alteration(partner, feed))
        if again or not path.exists() or path.read_bytes() != raw:
            _replace(path, raw)
        if outbox.has_checksum_file:
            whole = file_bytes(world, partner, feed, interval, Alteration())
            is_cut = faults.alteration(partner, feed).truncated
            digest = hashlib.sha256(whole if is_cut else raw).hexdigest()
            _replace(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n".encode())


def _replace(path: Path, raw: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(raw)
    part.replace(path)
