"""A small house in which everything was done once that the ledger answers for, from partners to mails."""

import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conftest import SUNDAY, House
from tests.mailing.conftest import GATE_TABLES
from worker_services.audit import heads, ledger
from worker_services.audit.heads import Head
from worker_services.briefing.render import render
from worker_services.files import write_json
from worker_services.landing import decisions, outcomes
from worker_services.landing.quarantine import of as held_batches
from worker_services.mailing import notices
from worker_services.mailing.sending import send
from worker_services.privacy import retention, vault
from worker_services.settings import Settings
from worker_services.warehouse import build as building
from worker_services.warehouse import landing_schema, provenance, publish

sys.path.insert(0, str(Path(__file__).parents[1] / "briefing"))  # the marts' fixture builder

from rpt_marts import BUILD_ID, WEEK, build_marts

FEEDS = (("mini_program", "outreach_events"), ("maternity_hospital", "health_services"))
CODE = "1a2b3c"
LATER = "build_20251101T000000Z_later"
DAY = 86_400


@dataclass(frozen=True)
class WholeHouse:
    """`head` is what somebody outside keeps of the ledger, `older` a copy of the ledger from before the last day."""

    settings: Settings
    head: Head
    older: Path


def make_whole_house(house: House) -> WholeHouse:
    """Deliveries, a decision about held rows, an expired delivery, builds, one taken back, an issue that went out."""
    settings = replace(house.settings, actor="tester")
    for partner, feed in FEEDS:
        assert house.ingest(partner, feed, SUNDAY).batch_id
        (outcome,) = outcomes.nights(settings, partner, feed)
        notices.notify(settings, outcome)
    with house.partners.faulty("eye_hospital", "down"):
        house.ingest("eye_hospital", "health_services", SUNDAY)
    held = held_batches(settings, "mini_program")[0]
    decisions.reject(settings, held.batch_id, None, actor="li", reason="电话核对过", secrets=house.secrets)
    outdated = vault.path_of(settings.vault, vault.store(settings.vault, b"old", house.secrets).sha256)
    moment = time.time() - (retention.load(settings).retention_days + 1) * DAY
    os.utime(outdated, (moment, moment))
    retention.expire(settings, "tester")
    for build_id in (LATER, BUILD_ID):
        make_build(settings, build_id)
        publish.publish(settings, build_id)
    landing_schema.compact(settings, SUNDAY.end)
    older = settings.data_root.parent / "older.sqlite3"
    shutil.copyfile(ledger.path(settings), older)
    render(settings, WEEK, "city", BUILD_ID)
    send(settings, WEEK, "city")
    kept = heads.keep(settings)
    assert kept is not None
    return WholeHouse(settings, heads.read(kept), older)


def make_build(settings: Settings, build_id: str) -> None:
    """A build with the briefing's marts, as `warehouse build` and `audit` leave it, without dbt."""
    named = f"create table landing.build as select '{build_id}' as build_id"
    build_marts(publish.build_path(settings, build_id), afterwards=[*GATE_TABLES, named])
    write_json(
        publish.record_path(settings, build_id),
        {
            "build_id": build_id,
            "as_of": "2025-10-26T18:30:00+00:00",
            "built_at": "2025-10-26T20:00:00+00:00",
            "input_fingerprint": build_id,
            "code_fingerprint": CODE,
            "batches": ["batch-1", "batch-2"],
            "audit": {"passed": True},
        },
    )
    made_by = {name: {} for name in ("files", "models", "measures", "feeds", "lineage")}
    write_json(provenance.path(settings, CODE), {"code_version": "0", **made_by})
    building._enter(settings, build_id)


def copy(house: WholeHouse, folder: Path) -> WholeHouse:
    """The same house in another folder, to tamper with."""
    shutil.copytree(house.settings.data_root, folder / "data")
    shutil.copytree(house.settings.reports_root, folder / "reports")
    settings = replace(house.settings, data_root=folder / "data", reports_root=folder / "reports")
    return replace(house, settings=settings)
