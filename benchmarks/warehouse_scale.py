"""Three years of nightly batches, and what a warehouse build of them costs.

    python -m benchmarks.warehouse_scale --folder DIR [--factor 1.0] [--nights 1095] [--step make --step build ...]

Landing is made by the engine, without a door: batches with manifests and outcomes, valid by their contracts. Factor 1
is a city of 1.5 million workers with 16 million health attendances in 1,095 nights: 31 feeds of partners, some 35,000
batches. The register of workers in hardship comes whole every night, so that its 5,000 rows become 5.5 million landed
ones: a snapshot feed grows by its size, not by its changes. In one batch of ten a row is held (in a third of those it
is released later), one in a hundred is delivered twice.

Each step that is measured runs in a process of its own; what is given is its time, the processor time (the better
measure on a machine that others use) and the highest memory of the process. `night` adds one more day's batches.
"""

import hashlib
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from simulators.people import make_employers
from tests.warehouse import same_builds
from worker_services import __version__
from worker_services.contracts import Column, load_code_list, load_contract
from worker_services.intervals import SHANGHAI, Interval
from worker_services.landing import batches, compaction, outcomes, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.outcomes import Outcome
from worker_services.partners.registry import load_partners
from worker_services.settings import PROJECT_ROOT, Settings, partition
from worker_services.warehouse import landing_schema, publish
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import build

FIRST_DAY = date(2022, 10, 28)
YEARS_NIGHTS = 1095
WORKERS = 1_500_000
HOSPITALS = ("eye_hospital", "jiahe_hospital", "maternity_hospital", "orthopaedic_hospital")
SHARES = {"eye_hospital": 0.35, "jiahe_hospital": 0.15, "maternity_hospital": 0.3, "orthopaedic_hospital": 0.2}
VOUCHER_LAG = 10
NIGHTS_AT_ONCE = 60


@dataclass(frozen=True)
class Volume:
    """Records of a feed in three years at factor 1, and how they look.

    `columns` is SQL over k (number of the record), night (the day that is collected), made (day of the record) and
    again (whether this is its second version, `lag` nights after the first; which records have one, `updated` says).
    lot(…) is a number drawn for its arguments.
    """

    records: int
    columns: dict[str, str] = field(default_factory=dict)
    updated: str = "false"
    lag: int = 5


VOLUMES = {
    "collective_contracts": Volume(10_000, {"valid_until": "made + 730"}),
    "counselling_sessions": Volume(60_000),
    "employment_registrations": Volume(150_000),
    "hardship_register": Volume(5_000, {"registered_on": f"date '{FIRST_DAY}' + (k // 2)::integer"}),
    "health_appointments": Volume(
        4_400_000,
        {
            "booked_on": "made",
            "scheduled_on": "made + 7",
            "appointment_status": (
                "case when again then ['fulfilled', 'fulfilled', 'cancelled', 'no_show'][lot(k) % 4 + 1] "
                "else 'booked' end"
            ),
        },
        updated="lot(k, 'again') % 100 < 85",
        lag=8,
    ),
    "health_screenings": Volume(400_000),
    "health_services": Volume(
        16_000_000,
        {
            "service_date": "made",
            "voucher_id": (
                "case when voucher >= 0 and voucher <> (k - 1) * {vouchers} // {total} - {lagged} "
                "and voucher % 4 = {place} and lot(voucher, 'redeemed') % 10 < 6 "
                "then 'V' || lpad(voucher::varchar, 10, '0') end"
            ),
            "satisfaction_score": "case when lot(k, 'rated') % 3 = 0 then lot(k, 'score') % 4 + 2 end",
            "record_status": "case when again and lot(k, 'withdrawn') % 4 = 0 then 'withdrawn' end",
        },
        updated="lot(k, 'again') % 100 = 0",
    ),
    "job_applications": Volume(
        1_000_000,
        {
            "posting_id": "'job_postings-' || lpad((k * 60000 // 1000000)::varchar, 10, '0')",
            "fair_id": "'job_fairs-' || lpad((k * 60000 // 1000000 // 100)::varchar, 10, '0')",
            "stage": "case when again then ['interviewed', 'offered', 'hired'][lot(k) % 3 + 1] else 'applied' end",
        },
        updated="lot(k, 'again') % 100 < 30",
        lag=14,
    ),
    "job_fairs": Volume(600, {"fair_date": "made"}),
    "job_postings": Volume(
        60_000,
        {
            "fair_id": "'job_fairs-' || lpad((k // 100)::varchar, 10, '0')",
            "occupation": "'occupation ' || lot(k) % 40",
            "monthly_wage_min": "4000 + lot(k) % 30 * 100",
            "monthly_wage_max": "8000 + lot(k) % 30 * 100",
        },
    ),
    "labour_contracts": Volume(
        100_000, {"employees": "100 + lot(k) % 900", "contracts_signed": "60 + lot(k, 'signed') % 40"}
    ),
    "mediation_cases": Volume(30_000, {"accepted_on": "made"}),
    "mediation_events": Volume(
        90_000,
        {
            "case_id": "'mediation_cases-' || lpad((k // 3)::varchar, 10, '0')",
            "event_type": (
                "['accepted', 'mediation_held', ['agreement', 'agreement', 'agreement', 'no_agreement', 'withdrawn']"
                "[lot(k) % 5 + 1]][k % 3 + 1]"
            ),
            "event_at": "made::timestamp + interval 8 hour + to_hours((k % 3 * 4)::integer)",
        },
    ),
    "meeting_actions": Volume(
        2_000,
        {"due_on": "made + 30", "completed_on": "case when again then night end", "meeting_date": "made"},
        updated="true",
        lag=20,
    ),
    "outreach_events": Volume(15_000, {"site_id": "'site-' || lot(k) % 400", "attendees": "20 + lot(k) % 300"}),
    "publicity_items": Volume(20_000, {"reach": "lot(k) % 20000"}),
    "relief_payments": Volume(
        100_000,
        {
            "amount_yuan": "100 + lot(k) % 20 * 100",
            "register_no": "'hardship_register-' || lpad((lot(k) % 5000)::varchar, 10, '0')",
        },
    ),
    "safety_hazards": Volume(
        100_000,
        {
            "inspection_id": "'safety_inspections-' || lpad((k // 2)::varchar, 10, '0')",
            "found_on": "made",
            "due_on": "made + 15",
            "rectified_on": "case when again then night end",
        },
        updated="lot(k, 'again') % 10 < 9",
        lag=12,
    ),
    "safety_inspections": Volume(50_000),
    "service_ratings": Volume(
        500_000,
        {
            "voucher_id": "'V' || lpad((k * 6)::varchar, 10, '0')",
            "partner_id": f"{list(HOSPITALS)}[k * 6 % 4 + 1]",
            "is_complaint": "case when lot(k, 'complaint') % 50 = 0 then 'yes' else 'no' end",
        },
    ),
    "startup_support": Volume(30_000),
    "training_attendances": Volume(
        500_000, {"session_id": "'training_sessions-' || lpad((k // 25)::varchar, 10, '0')", "attended_on": "made"}
    ),
    "training_certificates": Volume(
        200_000, {"session_id": "'training_sessions-' || lpad((k // 10)::varchar, 10, '0')", "issued_on": "made"}
    ),
    "training_enrolments": Volume(
        600_000, {"session_id": "'training_sessions-' || lpad((k // 30)::varchar, 10, '0')", "enrolled_on": "made"}
    ),
    "training_sessions": Volume(20_000, {"started_on": "made", "ended_on": "made + 4"}),
    "vouchers": Volume(
        3_000_000,
        {
            "voucher_id": "'V' || lpad(k::varchar, 10, '0')",
            "partner_id": f"{list(HOSPITALS)}[k % 4 + 1]",
            "issued_on": "made",
            "expires_on": "made + 90",
            "redeemed_on": "case when again then night end",
        },
        updated="lot(k, 'redeemed') % 10 < 6",
        lag=VOUCHER_LAG,
    ),
}


@dataclass(frozen=True)
class Landing:
    """A synthetic landing of a size, in a data root of its own; `fewest`: records a night of the smallest feed."""

    settings: Settings
    factor: float
    fewest: int = 0

    def make(self, first_night: int, nights: int) -> int:
        """Write the batches of some nights, counted from 0. Returns how many batches that is."""
        made = 0
        with duckdb.connect() as engine, ThreadPoolExecutor(2) as pool:
            engine.execute("set memory_limit = '2GB'")
            engine.execute(
                "create macro lot(x) as (hash(x) >> 1)::bigint, (x, y) as (hash(x, y) >> 1)::bigint, "
                "(x, y, z) as (hash(x, y, z) >> 1)::bigint"
            )
            employers = make_employers(np.random.default_rng(1)).credit_code.tolist()
            engine.execute("set variable employers = $codes", {"codes": employers})
            for partner_id, partner in load_partners().items():
                for feed in partner.feeds:
                    for start in range(first_night, first_night + nights, NIGHTS_AT_ONCE):
                        stop = min(start + NIGHTS_AT_ONCE, first_night + nights)
                        rows = self._rows(engine, partner_id, feed, start, stop)
                        edges = np.searchsorted(rows["night_index"].to_numpy(), np.arange(stop - start + 1))
                        rows = rows.drop_columns("night_index").cast(_accepted_schema(feed))
                        slices = [
                            (partner_id, feed, start + number, rows.slice(first, next_first - first))
                            for number, (first, next_first) in enumerate(itertools.pairwise(edges))
                        ]
                        made += sum(pool.map(lambda each: self._night(*each), slices))
        return made

    def _rows(self, engine: duckdb.DuckDBPyConnection, partner: str, feed: str, start: int, stop: int) -> pa.Table:
        """The rows that some nights bring, by night; the first column is the number of the night among them."""
        volume, contract = VOLUMES[feed], load_contract(feed)
        total, vouchers = self._records(feed, partner), self._records("vouchers", "mini_program")
        if contract.delivery == "snapshot":  # two come and two leave every night
            records = f"""
                select night, unnest(range(2 * night, 2 * night + {total})) as k, false as again, night as made
                from nights
            """
        else:
            earlier = f"night - {volume.lag}"
            records = f"""
                select night, {_numbers("night", total)} as k, false as again, night as made from nights
                union all
                select * from (
                    select night, {_numbers(earlier, total)} as k, true as again, {earlier} as made
                    from nights where night >= {volume.lag}
                )
                where {volume.updated}
            """
        known = {
            "total": total,
            "vouchers": vouchers,
            "lagged": VOUCHER_LAG * vouchers // YEARS_NIGHTS,
            "place": HOSPITALS.index(partner) if partner in HOSPITALS else 0,
        }
        picked = ", ".join(
            expression
            for column in contract.columns
            if column.privacy != "drop"
            for expression in _expressions(feed, column, known)
        )
        return engine.execute(
            f"""
            with nights as (select unnest(range({start}, {stop})) as night),
            records as ({records}),
            dated as (
                select
                    k, again, night - {start} as night_index,
                    date '{FIRST_DAY}' + night::integer as night,
                    date '{FIRST_DAY}' + made::integer as made,
                    k * {vouchers} // {total} - {known["lagged"]} as voucher,
                    lot(k, '{feed}', '{partner}') % {max(round(WORKERS * self.factor), 1)} as worker
                from records
            )
            select night_index, {picked} from dated order by night_index, k, again
            """
        ).to_arrow_table()

    def _records(self, feed: str, partner: str) -> int:
        """Records of a feed of a partner in three years."""
        holders = [name for name, each in load_partners().items() if feed in each.feeds]
        share = SHARES[partner] / sum(SHARES[name] for name in holders) if len(holders) > 1 else 1.0
        fewest = self.fewest * YEARS_NIGHTS if load_contract(feed).delivery == "changes" else 0
        return max(round(VOLUMES[feed].records * self.factor * share), fewest, 1)

    def _night(self, partner: str, feed: str, night: int, rows: pa.Table) -> int:
        """Write the batches of one night: mostly one; an earlier delivery of it, or rows released since, at times."""
        day = FIRST_DAY + timedelta(days=night)
        interval = Interval(day, day + timedelta(days=1))
        lot = int.from_bytes(hashlib.sha256(f"{partner} {feed} {night}".encode()).digest()[:4])
        landed_at = datetime.combine(interval.end, datetime.min.time(), SHANGHAI).astimezone(UTC) + timedelta(hours=2.5)
        held = 1 if lot % 10 == 0 and rows.num_rows > 1 else 0
        batch = self._batch(partner, feed, interval, rows.slice(0, rows.num_rows - held), held, landed_at)
        if lot % 100 == 1:
            self._batch(partner, feed, interval, rows.slice(1), 0, landed_at - timedelta(hours=1))
        if held:
            self._hold(batch, rows.num_rows)
        if held and lot % 3 == 0:
            released = rows.slice(rows.num_rows - 1)
            released_at = landed_at + timedelta(hours=6)
            self._batch(partner, feed, interval, released, 0, released_at, batch.batch_id, rows.num_rows)
        return 1 + (lot % 100 == 1) + (held and lot % 3 == 0)

    def _batch(
        self,
        partner: str,
        feed: str,
        interval: Interval,
        rows: pa.Table,
        held: int,
        landed_at: datetime,
        supplements: str | None = None,
        first_row: int = 1,
    ) -> Manifest:
        """Write one batch, its manifest and its outcome."""
        raw_sha256 = hashlib.sha256(f"{partner} {feed} {interval} {landed_at}".encode()).hexdigest()
        batch_id = batches.batch_id(partner, feed, interval, raw_sha256)
        folder = batches.folder(self.settings, partner, feed, interval)
        folder.mkdir(parents=True, exist_ok=True)
        stamps = {
            "_batch_id": pa.repeat(pa.scalar(batch_id, pa.string()), rows.num_rows),
            "_row_number": pa.array(range(first_row, first_row + rows.num_rows), pa.int64()),
            "_landed_at": pa.repeat(pa.scalar(landed_at.replace(tzinfo=None), pa.timestamp("us")), rows.num_rows),
        }
        for name, values in stamps.items():
            rows = rows.append_column(name, values)
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(rows, sink, compression="zstd")
        data = sink.getvalue()
        (folder / f"{batch_id}.parquet").write_bytes(data)
        manifest = Manifest(
            batch_id=batch_id,
            partner=partner,
            feed=feed,
            interval=interval,
            contract_version=load_contract(feed).version,
            code_version=__version__,
            source=f"{feed}_{interval.start:%Y%m%d}.csv",
            source_fingerprint=None,
            rows_received=rows.num_rows + held,
            rows_accepted=rows.num_rows,
            rows_quarantined=held,
            declared_rows=None,
            unmapped_columns=[],
            absent_columns=[],
            supplements=supplements,
            waived_rules=[],
            worker_key_id="benchmark",
            has_worker_key_links=False,
            raw_sha256=raw_sha256,
            raw_bytes=120 * rows.num_rows,
            parquet_sha256=hashlib.sha256(data).hexdigest(),
            landed_at=landed_at,
        )
        (folder / f"{batch_id}.json").write_text(_text(batches.as_json(manifest)), encoding="utf-8")
        if not supplements:
            self._outcome(manifest)
        return manifest

    def _outcome(self, manifest: Manifest) -> None:
        label, day = load_contract(manifest.feed).label, manifest.interval.start
        received, accepted = manifest.rows_received, manifest.rows_accepted
        outcome = Outcome(
            partner=manifest.partner,
            feed=manifest.feed,
            interval=manifest.interval,
            outcome="partly_quarantined" if manifest.rows_quarantined else "landed",
            message_zh=f"「{label}」{day} 至 {day}：收到 {received} 行，入库 {accepted} 行。",
            message_en=f"{manifest.feed} {manifest.interval}: received {received}, accepted {accepted}",
            batch_id=manifest.batch_id,
            recorded_at=manifest.landed_at,
            judged={"规范性": 8, "完整性": 12, "准确性": 14, "一致性": 4, "时效性": 3},
        )
        folder = partition(self.settings.outcomes, manifest.feed, manifest.partner, manifest.interval.last_day)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{manifest.landed_at:%Y%m%dT%H%M%S.%f}Z-{day}-{outcome.outcome}.json"
        (folder / name).write_text(_text(outcomes.as_json(outcome)), encoding="utf-8")

    def _hold(self, manifest: Manifest, row_number: int) -> None:
        """Write why the last row of a delivery is held."""
        reason = {
            "batch_id": manifest.batch_id,
            "partner": manifest.partner,
            "feed": manifest.feed,
            "interval_start": manifest.interval.start,
            "interval_end": manifest.interval.end,
            "row_number": row_number,
            "place": "",
            "line_number": row_number + 1,
            "column_name": load_contract(manifest.feed).columns[-1].name,
            "rule": "not_in_code_list",
            "value_shape": "9",
            "message_zh": "",
            "message_en": "",
            "landed_at": manifest.landed_at.replace(tzinfo=None),
        }
        folder = partition(self.settings.quarantine, manifest.feed, manifest.partner, manifest.interval.last_day)
        folder.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(
            pa.Table.from_pylist([reason], quarantine.SCHEMA), folder / f"{manifest.batch_id}.parquet"
        )


def _numbers(night: str, total: int) -> str:
    """SQL of the numbers of the records of a night: `total` are spread evenly over three years."""
    first, last = (f"(({night} + {more}) * {total}::bigint + {YEARS_NIGHTS - 1}) // {YEARS_NIGHTS}" for more in (0, 1))
    return f"unnest(range({first}, {last}))"


def _expressions(feed: str, column: Column, known: dict[str, int]) -> Iterator[str]:
    """SQL of a column as it lands, and of what is derived from it at the door."""
    stated = VOLUMES[feed].columns.get(column.name)
    sql_type = load_contract(feed).landed_columns[column.published_name]
    yield f'({stated.format(**known) if stated else _value(feed, column)})::{sql_type} as "{column.published_name}"'
    for name in column.derived:
        codes = {"age_band": _codes("age_bands"), "sex": _codes("sexes")}[name]
        yield f"{codes}[worker % {len(codes)} + 1] as {name}"


def _value(feed: str, column: Column) -> str:
    """SQL of a value that the contract allows."""
    number = f"lot(k, '{column.name}')"
    if column.key_position:
        return f"'{feed}-' || lpad(k::varchar, 10, '0')"
    if column.privacy == "pseudonymise":
        return "sha256('worker ' || worker)"
    if column.is_version:
        return f"night::timestamp + to_seconds(({number} % 86000)::bigint)"
    if column.code_list and column.required:
        codes = _codes(column.code_list)
        names_worker = any(each.privacy == "pseudonymise" for each in load_contract(feed).columns)
        if column.name == "organisation_code" and names_worker:
            number = "if(lot(k, 'moved') % 50 = 0, lot(k, 'union'), lot(worker, 'union'))"  # systems mostly agree
        return f"{codes}[{number} % {len(codes)} + 1]"
    if column.check_digit == "credit_code":
        return f"getvariable('employers')[{number} % len(getvariable('employers')) + 1]"
    if not column.required:
        return "null"
    if column.logical_type == "date":
        return "made"
    if column.logical_type == "timestamp":
        return f"made::timestamp + to_seconds(({number} % 80000)::bigint)"
    if column.logical_type == "string":
        return f"'{column.name} ' || {number} % 50"
    return f"{int(column.minimum or 0)} + {number} % {int(min(column.maximum or 100, 100))}"


def _codes(name: str) -> list[str]:
    return sorted(set(load_code_list(name).values()))


def _accepted_schema(feed: str) -> pa.Schema:
    """The Arrow schema of a landing file, as the door writes it, without the stamps of the batch."""
    types = {
        "varchar": pa.string(),
        "bigint": pa.int64(),
        "decimal(18, 4)": pa.decimal128(18, 4),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    landed = load_contract(feed).landed_columns.items()
    return pa.schema([(name, types[sql_type]) for name, sql_type in landed if not name.startswith("_")])


def _text(fields: dict[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2, default=str) + "\n"


STEPS = ("make", "known", "landing", "build", "compact", "verify", "night", "increment", "compare")


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Data root; made if it is not there.")
@click.option("--factor", type=float, default=1.0, show_default=True)
@click.option("--nights", type=int, default=YEARS_NIGHTS, show_default=True, help="Nights that `make` makes.")
@click.option(
    "--step",
    "steps",
    type=click.Choice(STEPS),
    multiple=True,
    default=("make", "known", "landing", "build", "compact", "known", "landing", "build", "night", "known", "build"),
    help="What to do, in this order; may be given more than once.",
)
@click.option("--measured", is_flag=True, hidden=True)
def main(folder: Path, factor: float, nights: int, steps: tuple[str, ...], measured: bool) -> None:
    """Make a landing of a size and time what is made of it."""
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    if not measured:
        for step in steps:
            command = [sys.executable, "-m", "benchmarks.warehouse_scale", "--measured", "--step", step]
            command += ["--folder", str(folder), "--factor", str(factor), "--nights", str(nights)]
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(told.strip().splitlines()[-1], flush=True)
        return
    landing = Landing(Settings(PROJECT_ROOT, folder.resolve(), folder.resolve() / "reports"), factor)
    (step,) = steps
    seconds, said = _run(step, landing, nights)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{step}: {seconds:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor time with start-up), "
        f"peak {used.ru_maxrss / 1024:.0f} MB; {said}"
    )


def _run(step: str, landing: Landing, nights: int) -> tuple[float, str]:
    """Do one step. Returns its seconds and what came of it."""
    settings = landing.settings
    landed = sum(1 for _ in (settings.landing / "feed=vouchers" / "partner=mini_program").glob("date=*"))
    as_of = datetime.combine(FIRST_DAY, datetime.min.time(), SHANGHAI) + timedelta(days=landed + 1)
    known = landing_schema.known_by(settings, as_of) if step == "landing" else None
    if step == "build":  # the same inputs are built once only
        shutil.rmtree(settings.warehouse / "builds", ignore_errors=True)
        publish.pointer(settings).unlink(missing_ok=True)
    started = time.perf_counter()
    if step == "make":
        if landed:
            raise click.ClickException(f"{settings.landing} is filled already")
        said = f"{landing.make(0, nights)} batches of {nights} nights"
    elif step == "night":
        said = f"{landing.make(landed, 1)} batches of one more night"
    elif step == "known":
        found = landing_schema.known_by(settings, as_of)
        said = f"{len(found.batches)} batches stand, {len(found.outcomes)} outcomes"
    elif known:
        with tempfile.TemporaryDirectory(dir=settings.data_root) as scratch:
            path = Path(scratch) / "warehouse.duckdb"
            landing_schema.write(path, settings, known, "build", as_of)
            said = f"{path.stat().st_size / 1e6:.0f} MB of landing schema"
    elif step in ("build", "increment"):
        result = build(settings, as_of)
        if (result.incremental_from is None) != (step == "build"):
            raise click.ClickException(f"{result.build_id} was made from {result.incremental_from}")
        said = f"{result.path.stat().st_size / 1e9:.2f} GB of warehouse; slowest models {_slowest(settings)}"
    elif step == "compare":
        said = _compare(settings, as_of)
    elif step == "compact":
        said = str(compaction.compact(settings, as_of.date()))
    else:
        said = str(compaction.verify(settings))
    seconds = time.perf_counter() - started
    if step == "build":
        audit(settings, result.build_id)
        publish.publish(settings, result.build_id)
    return seconds, said


def _compare(settings: Settings, as_of: datetime) -> str:
    """Make the newest build again, whole, and compare every relation with it, row for row."""
    made = max(settings.builds.glob("*.duckdb"), key=lambda path: path.stat().st_mtime)
    kept = made.rename(made.with_suffix(".incremental"))
    made.with_suffix(".json").unlink()
    whole = build(settings, as_of, full_refresh=True)
    found = same_builds.compare(kept, whole.path)
    return f"{found.relations} relations, {found.rows} rows compared; differing: {found.differing or 'none'}"


def _slowest(settings: Settings) -> str:
    """The ten nodes of the last dbt run that took longest, with their seconds."""
    run = json.loads((settings.warehouse / "dbt" / "target" / "run_results.json").read_text(encoding="utf-8"))
    nodes = sorted(run["results"], key=lambda node: -node["execution_time"])[:10]
    return ", ".join(f"{node['unique_id'].split('.')[2]} {node['execution_time']:.1f}" for node in nodes)


if __name__ == "__main__":
    main()
