"""One seed, one synthetic city, one year of records at the partners.

`World.delivered` answers what a partner delivers for an interval, dirt included; `World.truth` what of it is good.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from simulators.dirt import soil
from simulators.employment import (
    make_enrolments,
    make_job_fairs,
    make_registrations,
    make_startup_support,
    make_training,
)
from simulators.hardship import make_register, make_relief
from simulators.health import (
    make_appointments,
    make_counselling,
    make_other_services,
    make_outreach,
    make_ratings,
    make_screenings,
    make_services,
    make_vouchers,
)
from simulators.leadership import make_actions, make_publicity
from simulators.people import make_employers, make_workers
from simulators.rights import make_contracts, make_mediation, make_safety
from simulators.vocabulary import FIELDS, KEYS, PARENTS, PARTNERS, SHEETS, SNAPSHOTS
from simulators.year import as_day

DEFAULT_SEED = 20250529
DEFAULT_DIRT_RATE = 0.01


@dataclass(frozen=True)
class Interval:
    """Days from `start` up to, not with, `end`; written A/B."""

    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> "Interval":
        start, _, end = text.partition("/")
        interval = cls(date.fromisoformat(start), date.fromisoformat(end))
        if interval.start >= interval.end:
            raise ValueError(f"{text}: the end must be after the start")
        return interval

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


@dataclass(frozen=True)
class World:
    """The change logs of every partner and feed: canonical columns and hidden ones (see register.py and dirt.py)."""

    seed: int
    dirt_rate: float
    logs: dict[tuple[str, str], pd.DataFrame]

    def changes(self, partner: str, feed: str, start: np.datetime64, end: np.datetime64) -> pd.DataFrame:
        """The latest state, within [start, end), of every record that changed there; ordered by time, key, entry.

        Of a feed delivered as snapshots it is the latest state of everything that stands at `end`.
        What is delivered in several sheets or archive members is in their order first.
        """
        log = self.logs[partner, feed]
        moments = log["_reported_at"].to_numpy()
        first = 0 if feed in SNAPSHOTS else np.searchsorted(moments, start)
        span = log.iloc[first : np.searchsorted(moments, end)]
        latest = span.groupby("_key")["_reported_at"].transform("max")
        rows = span[span["_reported_at"] == latest]
        if feed in SNAPSHOTS:
            rows = rows[rows["record_status"] == "valid"]
        if (partner, feed) in SHEETS:
            column, sheets = SHEETS[partner, feed]
            rows = rows.iloc[np.argsort(rows[column].map(list(sheets).index).to_numpy(np.int64), kind="stable")]
        return rows.reset_index(drop=True)

    def delivered(self, partner: str, feed: str, interval: Interval) -> pd.DataFrame:
        """What the partner delivers for the interval; `row_number` counts from 1."""
        rows = self.changes(partner, feed, as_day(interval.start), as_day(interval.end))
        rows.insert(0, "row_number", np.arange(1, len(rows) + 1))
        return rows

    def accepted(self, partner: str, feed: str, interval: Interval) -> pd.DataFrame:
        """The delivered rows that the door must let in: clean ones, and orphans, which the warehouse holds."""
        rows = self.delivered(partner, feed, interval)
        return rows[rows["_rule"].isin(["", "orphan_key"])].reset_index(drop=True)

    def truth(self, feed: str, as_of: date) -> pd.DataFrame:
        """The good records of a feed as they stood before the day `as_of` began, withdrawn ones marked so.

        One row a key, canonical codes, with `_partner`; `updated_at` where the partner sends one. Rows refused, and
        injected orphans, are not in it. Of a feed delivered as snapshots it is the last of them.
        """
        parts = []
        for partner, feeds in PARTNERS.items():
            if feed in feeds:
                log = self.logs[partner, feed]
                clean = log[(log["_rule"] == "") & (log["_reported_at"].to_numpy() < as_day(as_of))]
                last = clean.drop_duplicates("_key", keep="last")
                if feed in SNAPSHOTS:
                    last = last[last["record_status"] == "valid"]
                columns = [column for column in FIELDS[partner, feed] if column != "updated_at"]
                is_stamped = pd.Series("updated_at" in FIELDS[partner, feed], index=last.index)
                stamped = last["_reported_at"].where(is_stamped)
                parts.append(last[columns].assign(updated_at=stamped, _partner=partner))
        return pd.concat(parts, ignore_index=True)

    def held(self, feed: str, as_of: date) -> pd.DataFrame:
        """Good rows that wait for a parent which has not come by `as_of` (injected orphans are in `dirt`)."""
        rows = self.truth(feed, as_of)
        return rows[self.is_held(feed, rows, as_of)].reset_index(drop=True)

    def is_held(self, feed: str, rows: pd.DataFrame, as_of: date) -> "pd.Series[bool]":
        """Which of the rows name a parent that is not known by `as_of`."""
        if feed not in PARENTS:
            return pd.Series(False, index=rows.index)
        parent, columns = PARENTS[feed]
        known = pd.MultiIndex.from_frame(self.truth(parent, as_of)[list(columns)])
        named = pd.MultiIndex.from_frame(rows[list(columns)])
        return pd.Series(~named.isin(known), index=rows.index)

    def dirt(self, intervals: list[Interval]) -> pd.DataFrame:
        """What was injected into the deliveries of the intervals: where, what kind, which rule it breaks; no values."""
        parts = []
        for partner, feed in self.logs:
            for interval in intervals:
                rows = self.delivered(partner, feed, interval)
                rows = rows[rows["_rule"] != ""]
                parts.append(
                    pd.DataFrame(
                        {
                            "partner": partner,
                            "feed": feed,
                            "interval": str(interval),
                            "row_number": rows["row_number"],
                            "key": rows["_key"],
                            "kind": rows["_dirt"],
                            "column": rows["_dirt_column"],
                            "rule": rows["_rule"],
                            "refused_at_door": rows["_rule"] != "orphan_key",
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    def write_dirt(self, path: Path, intervals: list[Interval]) -> None:
        """The list of `dirt` as JSON lines."""
        records = self.dirt(intervals).to_dict("records")
        path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def make_world(seed: int = DEFAULT_SEED, dirt_rate: float = DEFAULT_DIRT_RATE) -> World:
    """The whole of 2025, made once a process. The good records depend on the seed alone, not on the dirt rate."""
    return _make_world(seed, dirt_rate)


@lru_cache(maxsize=3)
def _make_world(seed: int, dirt_rate: float) -> World:
    streams = np.random.SeedSequence(seed).spawn(16)
    rngs = [np.random.default_rng(stream) for stream in streams]
    employers = make_employers(rngs[0])
    workers = make_workers(rngs[1], employers)
    vouchers, redemptions = make_vouchers(rngs[2], workers)
    maternity, eye = ("maternity_hospital", "health_services"), ("eye_hospital", "health_services")
    fairs, postings, applications = make_job_fairs(rngs[5], workers, employers)
    sessions, attendances = make_training(rngs[6], workers)
    cases, events = make_mediation(rngs[7], workers, employers)
    enrolments, certificates = make_enrolments(rngs[9], sessions, attendances, workers)
    statements, collective = make_contracts(rngs[10], employers)
    inspections, hazards = make_safety(rngs[10], employers)
    clean = {
        maternity: make_services(rngs[3], workers, employers, redemptions, maternity[0]),
        eye: make_services(rngs[3], workers, employers, redemptions, eye[0]),
        ("mini_program", "vouchers"): vouchers,
        ("mini_program", "outreach_events"): make_outreach(rngs[4], employers),
        ("job_fair_system", "job_fairs"): fairs.drop(columns="_is_mistake"),
        ("job_fair_system", "job_postings"): postings,
        ("job_fair_system", "job_applications"): applications,
        ("training_base", "training_sessions"): sessions,
        ("training_base", "training_attendances"): attendances,
        ("mediation_center", "mediation_cases"): cases,
        ("mediation_center", "mediation_events"): events,
        ("training_base", "training_enrolments"): enrolments,
        ("training_base", "training_certificates"): certificates,
        ("employment_system", "startup_support"): make_startup_support(rngs[9], workers),
        ("contract_register", "labour_contracts"): statements,
        ("contract_register", "collective_contracts"): collective,
        ("safety_inspection", "safety_inspections"): inspections,
        ("safety_inspection", "safety_hazards"): hazards,
    }
    orthopaedic, jiahe = ("orthopaedic_hospital", "health_services"), ("jiahe_hospital", "health_services")
    clean[orthopaedic] = make_other_services(rngs[8], workers, employers, orthopaedic[0], 2_800, 620)
    clean[jiahe] = make_other_services(rngs[8], workers, employers, jiahe[0], 2_400, 540)
    women, at_work = make_screenings(rngs[8], workers, employers)
    clean["maternity_hospital", "health_screenings"] = women
    clean["orthopaedic_hospital", "health_screenings"] = at_work
    for hospital, share in ((eye, 0.25), (jiahe, 0.6)):
        clean[hospital[0], "health_appointments"] = make_appointments(rngs[8], clean[hospital], hospital[0], share)
    services = {hospital[0]: clean[hospital] for hospital in (maternity, eye, orthopaedic, jiahe)}
    clean["mini_program", "service_ratings"] = make_ratings(rngs[13], services)
    clean["counselling_hotline", "counselling_sessions"] = make_counselling(rngs[13], workers)
    register = make_register(rngs[11], workers)
    clean["hardship_system", "hardship_register"] = register
    clean["hardship_system", "relief_payments"] = make_relief(rngs[11], workers, register)
    clean["leadership_office", "meeting_actions"] = make_actions(rngs[12])
    clean["leadership_office", "publicity_items"] = make_publicity(rngs[12])
    registrations = make_registrations(rngs[14], applications, postings, employers, workers)
    clean["employment_system", "employment_registrations"] = registrations
    logs = {}
    for number, ((partner, feed), log) in enumerate(clean.items()):
        rng = np.random.default_rng([seed, number])
        logs[partner, feed] = _ordered(feed, soil(rng, partner, feed, log.reset_index(drop=True), dirt_rate))
    return World(seed, dirt_rate, logs)


def _ordered(feed: str, log: pd.DataFrame) -> pd.DataFrame:
    key = log[KEYS[feed][0]].astype(object)
    for column in KEYS[feed][1:]:
        key = key + "|" + log[column].astype(object)
    log = log.assign(_key=key, _reported_at=log["_reported_at"].to_numpy().astype("datetime64[s]"))
    return log.sort_values(["_reported_at", "_key", "_entry"], kind="stable", ignore_index=True)
