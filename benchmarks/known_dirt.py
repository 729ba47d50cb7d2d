"""What the checks find of dirt that is known, how soon, and how often they cry over clean nights.

    python -m benchmarks.known_dirt --folder DIR                  # all steps, some hours
    python -m benchmarks.known_dirt --folder DIR --step learned --step table
    python -m benchmarks.known_dirt --folder DIR --step clean --step batches --supply eye_hospital/health_services

Each batch goes through the real door: a file in a folder is fetched, sealed, read, judged row by row, pseudonymised,
checked against its suite and the partner's past, landed. Steps:

- learned: the checks that learn, alone and without the door, on every supply and every night of 2025 to 26 October:
  their profiles are made straight from the rows. Every check that does not pass is a false alarm; a minute or two;
- clean: all checks, through the door, night after night without dirt (`--nights`, by default from the campaign's first
  day on). Every check that does not pass is a false alarm;
- batches: from a day on a partner gets its batches wrong (`simulators/dirt_kinds/batches.py`), after the clean nights
  before it: the night on which a check says so that was silent on the clean one, within four weeks;
- sources: records that two partners report and one of them gets wrong (`CONTRADICTED`), at three rates: seven months of
  both landed, the warehouse built with and without, and the differences that only the one with them has;
- losses: rows that dwindle at one of two partners who report the same thing: four weekly builds after half a year
  without dirt, and the first whose checks say so that were silent in the build without;
- rows: faulty rows (`simulators/dirt.py`) at three rates: those held for the right reason, and good ones held.

What was found is kept in DIR/results.jsonl, line by line; `--step table` prints it as tables.
"""

import json
import math
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zlib import crc32

import click
import duckdb
import numpy as np
import pandas as pd
import pyrage
from pydantic import SecretStr

from simulators.deliveries import columns_of
from simulators.dirt_kinds.batches import BATCH_FAULTS, BatchFault, Supply
from simulators.vocabulary import FIELDS
from simulators.world import DEFAULT_SEED, World, make_world
from simulators.world import Interval as SimulatedInterval
from worker_services.connections import Connection
from worker_services.contracts import load_contract
from worker_services.intervals import Interval, utc_now
from worker_services.landing import outcomes
from worker_services.landing.ingest import ingest
from worker_services.partners.registry import FileSource, load_partners
from worker_services.quality.checks import batch_checks
from worker_services.quality.profiles import EMPTY, Profile, coded_columns, number_columns, optional_columns
from worker_services.quality.suites import validate_build
from worker_services.quality.usual import TooLittlePast, learn
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings, partition
from worker_services.warehouse.build import build

NIGHTS = Interval(date(2025, 5, 29), date(2025, 10, 27))  # from the campaign on; later the synthetic city slows down
YEAR = Interval(date(2025, 1, 1), NIGHTS.end)
STARTS = (
    date(2025, 8, 4),
    date(2025, 8, 16),
    date(2025, 8, 27),
    date(2025, 9, 4),
)  # of what goes wrong: Mo, Sa, We, Th
LONGEST = 28
RATES = (0.005, 0.02, 0.1)
DAY = timedelta(days=1)
SUITES = PROJECT_ROOT / "expectations" / "suites"
STEPS = ("learned", "clean", "batches", "sources", "losses", "rows", "table")
COMPARED = Interval(date(2025, 2, 1), date(2025, 9, 1))  # a hire is late when ninety days have passed
COMPARED_SUPPLIES = (
    *((hospital, "health_services") for hospital in ("maternity_hospital", "eye_hospital")),
    *((hospital, "health_services") for hospital in ("orthopaedic_hospital", "jiahe_hospital")),
    ("mini_program", "vouchers"),
    *(("job_fair_system", feed) for feed in ("job_fairs", "job_postings", "job_applications")),
    ("employment_system", "employment_registrations"),
)
HIRES = "select record_id, other_record_id from intermediate.int_hires_compared where outcome = 'agreed'"
# Records on which both partners agreed: which of two is got wrong, its feed and key, and how.
CONTRADICTED: dict[str, tuple[str, Supply, str, dict[str, Any] | None]] = {
    "redeemed at the hospital, not at the mini-program": (
        "select record_id, other_record_id from intermediate.int_redemptions_compared where outcome = 'agreed'",
        ("mini_program", "vouchers"),
        "voucher_id",
        {"redeemed_on": None},
    ),
    "redeemed at the mini-program, not reported by the hospital": (
        "select other_record_id, record_id from intermediate.int_redemptions_compared "
        "where outcome = 'agreed' and partner_id = 'eye_hospital'",
        ("eye_hospital", "health_services"),
        "service_id",
        None,
    ),
    "hired at the fair, not registered by the employer": (
        HIRES,
        ("employment_system", "employment_registrations"),
        "registration_id",
        None,
    ),
    "registered by the employer, not hired at the fair": (
        HIRES.replace("record_id, other_record_id", "other_record_id, record_id"),
        ("job_fair_system", "job_applications"),
        "application_id",
        {"stage": "interviewed"},
    ),
}


@dataclass(frozen=True)
class House:
    """A data root, and the folder in which partners leave their files."""

    settings: Settings
    secrets: Secrets
    outbox: Path

    @classmethod
    def at(cls, folder: Path) -> "House":
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "identity"
        if not key.exists():
            key.write_text(str(pyrage.x25519.Identity.generate()))
        secrets = Secrets(
            worker_key_secret=SecretStr("benchmark"), vault_identity=SecretStr(key.read_text(encoding="utf-8"))
        )
        (folder / "outbox").mkdir(exist_ok=True)
        return cls(Settings(PROJECT_ROOT, folder / "data", folder / "reports"), secrets, folder / "outbox")

    def deliver(self, supply: Supply, interval: Interval, rows: pd.DataFrame) -> outcomes.Outcome:
        """Let the partner leave a file with these canonical rows, and bring it in."""
        partner, feed = supply
        cells = columns_of(partner, feed, rows)
        names = FIELDS[partner, feed]
        table = pd.DataFrame({names[column]: cells[column] for column in names}, dtype=object)
        path = self.outbox / f"{partner}_{feed}_{interval.start:%Y%m%d}.csv"
        table.to_csv(path, index=False, encoding="utf-8")
        connection = Connection(conn_id="benchmark", conn_type="fs", extra={"path": str(self.outbox)})
        outcome = ingest(self.settings, partner, feed, interval, connection, self.secrets)
        path.unlink()
        return outcome

    def alarms(self, supply: Supply, interval: Interval) -> dict[str, str]:
        """Checks that the batch of an interval did not pass, and what they saw."""
        found = {}
        for path in partition(self.settings.quality, supply[1], supply[0], interval.last_day).glob("*.json"):
            for check in json.loads(path.read_text(encoding="utf-8"))["checks"]:
                if check["status"] != "passed":
                    found[check["check_id"]] = f"{check['status']}: {check['expected']} / {check['observed']}"
        return found


def supplies() -> list[Supply]:
    return list(FIELDS)


def plain_files() -> None:
    """From here on every partner of this process hands over plain CSV files; what stands in them stays its own."""
    for partner_id, partner in load_partners().items():
        feeds = {}
        for name, feed in partner.feeds.items():
            path = f"{partner_id}_{name}_{{first:%Y%m%d}}.csv"
            source = FileSource(kind="file", path=path, format="csv", encoding="utf-8", delimiter=",")
            columns = {column: (header,) for column, header in FIELDS[partner_id, name].items()}
            feeds[name] = feed.model_copy(update={"source": source, "columns": columns})
        load_partners()[partner_id] = partner.model_copy(update={"feeds": feeds})


def night(day: date) -> Interval:
    return Interval(day, day + DAY)


def rows_of(world: World, supply: Supply, interval: Interval) -> pd.DataFrame:
    return world.delivered(*supply, SimulatedInterval(interval.start, interval.end))


def each_night(world: World, supply: Supply, within: Interval) -> Iterator[Interval]:
    """From the first night on which the partner has anything to deliver."""
    first = max(within.start, world.logs[supply]["_reported_at"].min().date())
    for number in range((within.end - first).days):
        yield night(first + number * DAY)


def learned(world: World, supply: Supply) -> Iterator[dict[str, Any]]:
    """Every night, judged by the checks that learn; what they find is not learned from."""
    checks = [check for check in batch_checks(supply[1], SUITES) if check.figure]
    past: list[Profile] = []
    for interval in each_night(world, supply, YEAR):
        current = profile_of(supply[1], rows_of(world, supply, interval), interval)
        alarms, judged = {}, 0
        for check in checks:
            with suppress(TooLittlePast):
                found = learn(check.figure, check.check_id, current, past)
                judged += 1
                if found.value < (found.low or -1) or found.value > (math.inf if found.high is None else found.high):
                    alarms[check.check_id] = f"{found.value:g} outside of {found.low} to {found.high}"
        past.append(replace(current, failed=frozenset(alarms)))
        yield {"step": "learned", "supply": supply, "night": interval.start, "judged": judged, "alarms": alarms}


def profile_of(feed: str, rows: pd.DataFrame, interval: Interval) -> Profile:
    """What `profiles.measure` says of clean rows once landed, but for what the door derives from ID numbers."""
    contract = load_contract(feed)
    coded = [column for column in coded_columns(contract) if column in rows]
    numbers = [column for column in number_columns(contract) if column in rows and rows[column].notna().any()]
    return Profile(
        batch_id=str(interval),
        interval=interval,
        rows=len(rows),
        filled={name: int(rows[name].notna().sum()) for name in optional_columns(contract) if name in rows},
        codes={name: rows[name].fillna(EMPTY).value_counts().to_dict() for name in coded},
        medians={name: float(pd.to_numeric(rows[name]).median()) for name in numbers},
    )


def clean(house: House, world: World, supply: Supply, nights: Interval) -> Iterator[dict[str, Any]]:
    """Every night through the door, judged by every check."""
    for interval in each_night(world, supply, nights):
        outcome = house.deliver(supply, interval, rows_of(world, supply, interval))
        alarms = house.alarms(supply, interval)
        yield {"step": "clean", "supply": supply, "night": interval.start, "outcome": outcome.outcome, "alarms": alarms}


def batches(house: House, world: World, supply: Supply, fault: BatchFault, start: date) -> dict[str, Any]:
    """Go on from the clean nights before `start` with batches that are wrong, until a check says so."""
    with tempfile.TemporaryDirectory(dir=house.outbox.parent) as folder:
        _copy_until(house, Path(folder), supply, start)
        return _until_noticed(house, House.at(Path(folder)), world, supply, fault, start)


def _until_noticed(
    house: House, spoiled: House, world: World, supply: Supply, fault: BatchFault, start: date
) -> dict[str, Any]:
    rng = np.random.default_rng([world.seed, crc32(f"{fault.kind} {supply} {start}".encode())])
    found: dict[str, Any] = {"step": "batches", "kind": fault.kind, "supply": supply, "start": start, "noticed": None}
    for number in range(1 if fault.is_redelivery else LONGEST):  # what is sent again is seen then or never
        interval = night(start + number * DAY)
        before = rows_of(world, supply, night(interval.start - DAY))
        good = rows_of(world, supply, interval)
        if fault.is_redelivery:
            spoiled.deliver(supply, interval, good)
        rows = fault.spoil(rng, good, before, number + 1).reset_index(drop=True)
        outcome = spoiled.deliver(supply, interval, rows)
        said_anyway = house.alarms(supply, interval)
        new = {name: text for name, text in spoiled.alarms(supply, interval).items() if name not in said_anyway}
        if new or outcome.outcome not in ("landed", "unchanged"):
            found |= {"noticed": number + 1, "outcome": outcome.outcome, "alarms": new}
            break
    return found


def _copy_until(house: House, folder: Path, supply: Supply, start: date) -> None:
    """The nights before a day, as they lie in the house."""
    for root in (house.settings.landing, house.settings.quality, house.settings.outcomes):
        pair = root / f"feed={supply[1]}" / f"partner={supply[0]}"
        for nightly in pair.glob("date=*"):
            if nightly.name.removeprefix("date=") < start.isoformat():
                shutil.copytree(nightly, folder / "data" / nightly.relative_to(house.settings.data_root))


def rows(house: House, world: World, supply: Supply) -> dict[str, Any]:
    """The nights of four weeks as one delivery with faulty rows, each known; ragged ones are left out."""
    interval = Interval(date(2025, 9, 27), date(2025, 10, 25))
    delivered = rows_of(world, supply, interval)
    delivered = delivered[delivered["_rule"] != "ragged_row"].reset_index(drop=True)
    is_known = ~delivered["_rule"].isin(["", "orphan_key"])
    known = {(number + 1, rule) for number, rule in delivered.loc[is_known, "_rule"].items()}
    house.deliver(supply, interval, delivered)
    folder = partition(house.settings.quarantine, supply[1], supply[0], interval.last_day)
    held: set[tuple[int, str]] = set()
    with suppress(duckdb.IOException):
        found = duckdb.sql(f"select distinct row_number, rule from read_parquet('{folder}/*.parquet')").fetchall()
        held = {(int(number), str(rule)) for number, rule in found}
    return {
        "step": "rows",
        "supply": supply,
        "rate": world.dirt_rate,
        "injected": len(known),
        "caught": len(known & held),
        "held": len({number for number, _ in held}),
        "wrongly_held": len({number for number, _ in held} - {number for number, _ in known}),
    }


def sources(folder: Path, world: World) -> Iterator[dict[str, Any]]:
    """What the comparison of sources finds, kind by kind and rate by rate, in two builds: without dirt, and with.

    A third of the records on which two partners agreed is got wrong at each rate, no record in two ways.
    """
    clean_build = _built(House.at(folder / "sources-clean"), world, {})
    wrong: dict[tuple[str, float], set[tuple[str, str]]] = {}
    taken: set[str] = set()
    contradicted = {}
    with duckdb.connect(str(clean_build), read_only=True) as database:
        for kind, (query, supply, key, written) in CONTRADICTED.items():
            rng = np.random.default_rng([world.seed, crc32(kind.encode())])
            of_kind = {rate: set[tuple[str, str]]() for rate in RATES}
            for pair in sorted(database.execute(query).fetchall()):
                rate = RATES[rng.integers(len(RATES))]
                if rng.random() < rate and not taken & set(pair):
                    of_kind[rate].add(pair)
                    taken |= set(pair)
            wrong |= {(kind, rate): pairs for rate, pairs in of_kind.items()}
            contradicted[supply] = (key, {pair[1] for pairs in of_kind.values() for pair in pairs}, written)
    new = _differences(_built(House.at(folder / "sources"), world, contradicted)) - _differences(clean_build)
    for (kind, rate), pairs in wrong.items():
        said = {difference for difference in new if any(set(pair) & set(difference[1:]) for pair in pairs)}
        found = {pair for pair in pairs if any(set(pair) & set(records) for _, *records in said)}
        yield {
            "step": "sources",
            "kind": kind,
            "rate": rate,
            "injected": len(pairs),
            "found": len(found),
            "by": dict(Counter(difference for difference, *_ in said)),
        }
    false = [difference for difference in new if not taken & set(difference[1:])]
    yield {"step": "sources", "kind": None, "said": len(new), "false": len(false)}


def _built(house: House, world: World, contradicted: dict[Supply, tuple[str, set[str], dict[str, Any] | None]]) -> Path:
    """The build of seven months; of the records picked, what is written instead, or nothing at all."""
    for supply in COMPARED_SUPPLIES:
        rows = rows_of(world, supply, COMPARED)
        key, picked, written = contradicted.get(supply, ("", set(), {}))
        if picked:
            is_picked = rows[key].isin(picked)
            rows = rows[~is_picked] if written is None else rows
            for column, value in (written or {}).items():
                rows.loc[is_picked, column] = value
        house.deliver(supply, COMPARED, rows.reset_index(drop=True))
    return build(house.settings, utc_now()).path


def losses(folder: Path, world: World) -> Iterator[dict[str, Any]]:
    """For each rate at which rows dwindle, and each side: the nights after which a weekly build's checks say so."""
    silent = dict(_weekly(House.at(folder / "losses-clean"), world, None, ("", "")))
    yield {"step": "losses", "kind": None, "alarms": sorted(set().union(*silent.values()))}
    for fault in BATCH_FAULTS:
        for supply in fault.supplies if fault.kind.startswith("rows_dwindle") else ():
            house = House.at(folder / f"losses-{fault.kind}-{supply[0]}")
            found: dict[str, Any] = {"step": "losses", "kind": fault.kind, "supply": supply, "noticed": None}
            for nights, alarms in _weekly(house, world, fault, supply):
                if alarms - silent[nights]:
                    found |= {"noticed": nights, "by": sorted(alarms - silent[nights])}
                    break
            yield found


def _weekly(
    house: House, world: World, fault: BatchFault | None, wrong: Supply
) -> Iterator[tuple[int, frozenset[str]]]:
    """(nights since it went wrong, mart checks that did not pass) of a build a week; every week is one delivery."""
    start = STARTS[0]
    for supply in COMPARED_SUPPLIES:
        house.deliver(supply, Interval(COMPARED.start, start), rows_of(world, supply, Interval(COMPARED.start, start)))
    rng = np.random.default_rng([world.seed, crc32(f"{fault and fault.kind} {wrong}".encode())])
    for week in range(LONGEST // 7):
        days = [start + (week * 7 + number) * DAY for number in range(7)]
        for supply in COMPARED_SUPPLIES:
            nightly = [rows_of(world, supply, night(day)) for day in days]
            if fault and supply == wrong:
                nightly = [fault.spoil(rng, rows, rows, week * 7 + number + 1) for number, rows in enumerate(nightly)]
            rows = pd.concat(nightly).reset_index(drop=True)
            house.deliver(supply, Interval(days[0], days[-1] + DAY), rows)
        results = validate_build(house.settings, build(house.settings, utc_now()).path)
        yield (week + 1) * 7, frozenset(result.check_id for result in results if result.status != "passed")


def _differences(path: Path) -> set[tuple[str, str | None, str | None]]:
    with duckdb.connect(str(path), read_only=True) as database:
        query = "select difference, record_id, other_record_id from marts.fct_reconciliation_differences"
        return set(database.execute(f"{query} where kind <> 'worker_attribute'").fetchall())


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where everything is made; kept.")
@click.option("--step", "steps", multiple=True, type=click.Choice(STEPS), default=STEPS, show_default=True)
@click.option("--supply", "named", multiple=True, help="partner/feed; all without it.")
@click.option("--kind", "kinds", multiple=True, help="Only these kinds of batch dirt.")
@click.option(
    "--start",
    "starts",
    multiple=True,
    type=date.fromisoformat,
    default=[str(day) for day in STARTS],
    help="First spoiled nights.",
)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Another synthetic city.")
@click.option("--nights", type=Interval.parse, default=str(NIGHTS), show_default=True, help="The clean nights.")
def main(
    folder: Path,
    steps: tuple[str, ...],
    named: tuple[str, ...],
    kinds: tuple[str, ...],
    starts: tuple[date, ...],
    seed: int,
    nights: Interval,
) -> None:
    """Measure the checks on known dirt."""
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    plain_files()
    wanted = [supply for supply in supplies() if not named or "/".join(supply) in named]
    results = folder.resolve() / "results.jsonl"
    house = House.at(folder.resolve() / "clean")
    world = make_world(seed, dirt_rate=0)

    def keep(found: dict[str, Any]) -> None:
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found, ensure_ascii=False, default=str) + "\n")

    for supply in wanted:
        for found in learned(world, supply) if "learned" in steps else ():
            keep(found)
    for supply in wanted:
        for found in clean(house, world, supply, nights) if "clean" in steps else ():
            keep(found)
    if "batches" in steps:
        for fault in BATCH_FAULTS:
            for supply in fault.supplies:
                if supply in wanted and (not kinds or fault.kind in kinds):
                    for start in starts:
                        keep(batches(house, world, supply, fault, start))
    for found in sources(folder.resolve(), world) if "sources" in steps else ():
        keep(found)
    for found in losses(folder.resolve(), world) if "losses" in steps else ():
        keep(found)
    if "rows" in steps:
        for rate in RATES:
            for supply in wanted:
                keep(rows(House.at(folder.resolve() / f"rows-{rate}"), make_world(seed, dirt_rate=rate), supply))
    if "table" in steps:
        show([json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()])


def show(found: list[dict[str, Any]]) -> None:
    """Print what was found as Markdown."""
    says = {fault.kind: fault.says for fault in BATCH_FAULTS}
    tried: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in found:
        if item["step"] == "batches":
            tried[item["kind"]].append(item)
    cried = {(tuple(item["supply"]), item["night"]): len(item["alarms"]) for item in found if item["step"] == "clean"}
    print(
        "| dirt | recall within a night | a week | four weeks | precision | nights until noticed: median, worst | by |"
    )
    print("|---|---|---|---|---|---|---|")
    for kind, items in tried.items():
        nights = [item["noticed"] or LONGEST + 1 for item in items]
        within = " | ".join(f"{sum(number <= most for number in nights)}/{len(items)}" for most in (1, 7, LONGEST))
        right = sum(len(item.get("alarms", {})) for item in items)
        false = sum(
            cried.get((tuple(item["supply"]), str(date.fromisoformat(item["start"]) + number * DAY)), 0)
            for item, most in zip(items, nights, strict=True)
            for number in range(min(most, LONGEST))
        )
        precision = f"{right / (right + false):.2f}" if right else "-"
        last = f"{median(nights):g}, {max(nights) if max(nights) <= LONGEST else 'never'}"
        by = Counter(check.split(".", 1)[1] for item in items for check in item.get("alarms", {}))
        names = ", ".join(f"`{name}`" for name, _ in by.most_common(3))
        print(f"| {says[kind]} (`{kind}`) | {within} | {precision} | {last} | {names} |")
    for step in ("learned", "clean"):
        show_false_alarms(step, [item for item in found if item["step"] == step])
    compared = [item for item in found if item["step"] == "sources"]
    if compared:
        print("\n| contradiction | rate | injected | recall | as |\n|---|---|---|---|---|")
    for item in compared:
        if item["kind"]:
            recall = f"{item['found'] / item['injected']:.2f}" if item["injected"] else "-"
            names = ", ".join(f"`{name}`" for name in item["by"])
            print(f"| {item['kind']} | {item['rate']:.1%} | {item['injected']} | {recall} | {names} |")
        else:
            print(
                f"\n{item['said']} differences that the build without dirt does not have, {item['false']} of them false"
            )
    lost = [item for item in found if item["step"] == "losses" and item["kind"]]
    if lost:
        print("\n| dirt | partner | noticed by the build after nights | by |\n|---|---|---|---|")
    for item in lost:
        names = ", ".join(f"`{name}`" for name in item.get("by", ()))
        what = f"{says[item['kind']]} (`{item['kind']}`)"
        print(f"| {what} | {item['supply'][0]} | {item['noticed'] or 'never'} | {names} |")
    of_rate: dict[float, list[dict[str, Any]]] = defaultdict(list)
    for item in found:
        if item["step"] == "rows":
            of_rate[item["rate"]].append(item)
    if of_rate:
        print("\n| rate of faulty rows | injected | recall | good rows held | precision |\n|---|---|---|---|---|")
    for rate, items in of_rate.items():
        injected, caught, held, wrongly = (
            sum(item[name] for item in items) for name in ("injected", "caught", "held", "wrongly_held")
        )
        print(f"| {rate:.1%} | {injected} | {caught / injected:.4f} | {wrongly} | {1 - wrongly / held:.4f} |")


def show_false_alarms(step: str, nights: list[dict[str, Any]]) -> None:
    if not nights:
        return
    crying = Counter((item["supply"][0], check) for item in nights for check in item["alarms"])
    of_supply = Counter(tuple(item["supply"]) for item in nights)
    judged = f", {sum(item['judged'] for item in nights)} times judged" if step == "learned" else ""
    print(f"\n{step}: {len(nights)} clean partner-nights{judged}, {sum(crying.values())} false alarms\n")
    print("| check | partner | false alarms | of nights |\n|---|---|---|---|")
    for (partner, check), number in crying.most_common():
        print(f"| `{check}` | {partner} | {number} | {of_supply[partner, check.split('.')[0]]} |")


if __name__ == "__main__":
    main()
