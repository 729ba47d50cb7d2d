"""Protection of rights in the synthetic year: mediation, labour and collective contracts, safety inspections."""

import numpy as np
import pandas as pd

from simulators.people import Employers, Workers
from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import ALL_DAYS, DAY, NO_DAY, YEAR_END, as_day, busyness, clock, spread

CASES_BY_DEMO, CASES_AFTER = 862, 180
COLLECTIVE_BY_DEMO, COLLECTIVE_AFTER = 400, 70
INSPECTIONS_BY_DEMO, INSPECTIONS_AFTER = 900, 170
_CODES = np.array(ORGANISATION_CODES, object)
_KEEN = np.array([o.health for o in ORGANISATIONS])  # employers of a union that keeps up with its workers' health
_OUTCOMES = np.array(["agreement", "no_agreement", "withdrawn", "transferred"], object)
_TYPES = np.array(["wages", "contract", "social_insurance", "work_injury", "termination", "other"], object)


def make_mediation(
    rng: np.random.Generator, workers: Workers, employers: Employers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of cases and events."""
    weights = busyness((1.2, 1.1, 1.0, 1.0, 0.9, 0.12, 0.06))
    days = spread(rng, CASES_BY_DEMO, CASES_AFTER, weights)
    # entered by mistake, withdrawn later
    mistakes = np.array([as_day("2025-04-14"), as_day("2025-08-21"), as_day("2025-10-17")])
    days = np.concatenate([days, mistakes])
    count = len(days)
    is_mistake = np.arange(count) >= count - len(mistakes)
    rate = np.array([o.rights for o in ORGANISATIONS])[workers.organisation]
    applicant = rng.choice(len(rate), count, p=rate / rate.sum())
    cases = pd.DataFrame(
        {
            "case_id": [f"LT2025{number:05d}" for number in range(1, count + 1)],
            "accepted_on": days,
            "organisation_code": _CODES[workers.organisation[applicant]],
            "dispute_type": rng.choice(_TYPES, count, p=[0.46, 0.14, 0.12, 0.09, 0.14, 0.05]),
            "applicant_id": workers.citizen_id[applicant],
            "employer_credit_code": employers.credit_code[workers.employer[applicant]],
        }
    )
    log = enter(rng, cases, days, hours=(9.0, 18.0), late_on_busy_day=2)
    events = _events(rng, cases[~is_mistake], days[~is_mistake])
    known = log.set_index("case_id")["_reported_at"]

    def retype(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["dispute_type"] = rng.choice(_TYPES, len(rows))

    case_changes = amendments(rng, log, retype, mistakes=is_mistake, on_busy_day=(2, 0))
    event_days = events["event_at"].to_numpy().astype("datetime64[s]")
    entered = np.maximum(known.loc[events["case_id"]].to_numpy().astype("datetime64[s]"), event_days)
    event_log = enter(rng, events, event_days, hours=(17.0, 21.0), not_before=entered)
    is_conclusion = events["event_type"].isin(["agreement", "no_agreement"]).to_numpy()

    def reverse(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["event_type"] = np.where(rows["event_type"] == "agreement", "no_agreement", "agreement")

    event_changes = amendments(
        rng,
        event_log,
        reverse,
        corrected=0.008,
        correctable=is_conclusion,
        withdrawable=(events["event_type"] == "mediation_held").to_numpy(),
    )
    return pd.concat([log, case_changes]), pd.concat([event_log, event_changes])


def _events(rng: np.random.Generator, cases: pd.DataFrame, days: np.ndarray) -> pd.DataFrame:
    """Each case is accepted, heard one to three times, then ends; a few agreements are reopened and end again."""
    ids = cases["case_id"].to_numpy(object)
    count = len(ids)
    accepted = clock(rng, days, 9.0, 11.5)
    duration = np.clip(rng.gamma(2.6, 6.6, count), 3, 60).astype(np.int64)
    ended = days + duration.astype("timedelta64[D]")
    outcome = rng.choice(_OUTCOMES, count, p=[0.798, 0.162, 0.025, 0.015])
    parts = [_rows(ids, "accepted", accepted)]
    for hearing in range(3):
        held = rng.random(count) < (1.0, 0.45, 0.12)[hearing]
        day = days + np.maximum(1, (duration * (0.4, 0.65, 0.85)[hearing]).astype(np.int64)).astype("timedelta64[D]")
        held &= day < ended
        parts.append(_rows(ids[held], "mediation_held", clock(rng, day[held], 9.0, 15.0)))
    parts.append(_rows(ids, outcome, clock(rng, ended, 15.0, 16.9)))
    again = (outcome == "agreement") & (rng.random(count) < 0.022)
    reopened = ended[again] + rng.integers(12, 60, int(again.sum())).astype("timedelta64[D]")
    closed = reopened + rng.integers(8, 25, int(again.sum())).astype("timedelta64[D]")
    second = rng.choice(np.array(["agreement", "no_agreement"], object), int(again.sum()), p=[0.7, 0.3])
    parts.append(_rows(ids[again], "reopened", clock(rng, reopened, 9.0, 12.0)))
    parts.append(_rows(ids[again], second, clock(rng, closed, 14.0, 16.9)))
    events = pd.concat(parts).sort_values(["event_at", "case_id"], kind="stable", ignore_index=True)
    events = events[events["event_at"] < YEAR_END].reset_index(drop=True)
    events.insert(0, "event_id", [f"E{number:06d}" for number in range(1, len(events) + 1)])
    return events


def _rows(ids: np.ndarray, event_type: object, moments: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"case_id": ids, "event_type": event_type, "event_at": moments})


def make_contracts(rng: np.random.Generator, employers: Employers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of monthly statements on labour contracts, and of collective contracts put on file."""
    by_organisation = pd.Series(employers.organisation).groupby(employers.organisation)
    rank = by_organisation.cumcount().to_numpy()
    size = by_organisation.transform("size").to_numpy()
    reporting = np.flatnonzero(rank < np.maximum(4, (0.22 * size).round()))
    staff = np.clip(rng.lognormal(4.6, 0.9, len(employers.name)), 8, 3000)
    return (
        _statements(rng, employers, reporting, staff[reporting]),
        _collective_contracts(rng, employers, staff),
    )


def _statements(
    rng: np.random.Generator, employers: Employers, reporting: np.ndarray, staff: np.ndarray
) -> pd.DataFrame:
    """One statement an employer and month, handed in during the month after; signing rates rise over the year."""
    months = np.arange(np.datetime64("2025-01", "M"), np.datetime64("2026-01", "M"))
    organisation = employers.organisation[reporting]
    level = 0.70 + 0.20 * _KEEN[organisation] + rng.normal(0, 0.03, len(reporting))
    parts = []
    for number, month in enumerate(months):
        is_in = rng.random(len(reporting)) < 0.97
        employees = np.maximum(5, staff[is_in] * rng.normal(1, 0.02, int(is_in.sum()))).astype(np.int64)
        rate = np.clip(level[is_in] + 0.007 * number + rng.normal(0, 0.008, len(employees)), 0.3, 1.0)
        parts.append(
            pd.DataFrame(
                {
                    "employer_credit_code": employers.credit_code[reporting[is_in]],
                    "organisation_code": _CODES[organisation[is_in]],
                    "as_of_date": month.astype("datetime64[D]") - DAY,
                    "employees": employees,
                    "contracts_signed": np.minimum(employees, np.rint(employees * rate)).astype(np.int64),
                    "_due": month.astype("datetime64[D]") + rng.integers(1, 25, len(employees)),
                }
            )
        )
    statements = pd.concat(parts, ignore_index=True).sort_values("_due", kind="stable", ignore_index=True)
    statements.insert(0, "statement_id", [f"LDHT2025{number:05d}" for number in range(1, len(statements) + 1)])
    due = statements.pop("_due").to_numpy().astype("datetime64[D]")
    log = enter(rng, statements, due, hours=(9.0, 18.0), late=0.08)

    def recount(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["contracts_signed"] = rows["employees"] - rng.integers(0, 5, len(rows))

    return pd.concat([log, amendments(rng, log, recount)])


def _collective_contracts(rng: np.random.Generator, employers: Employers, staff: np.ndarray) -> pd.DataFrame:
    """Most are signed in the bargaining drive of April and May; whether they are kept is looked into months later."""
    week = busyness((1.0, 1.1, 1.1, 1.0, 1.0, 0.1, 0.04), as_day("2025-01-06"))
    is_drive = (as_day("2025-04-01") <= ALL_DAYS) & (as_day("2025-06-01") > ALL_DAYS)
    days = spread(rng, COLLECTIVE_BY_DEMO, COLLECTIVE_AFTER, week * np.where(is_drive, 2.6, 1.0))
    count = len(days)
    chance = _KEEN[employers.organisation]
    employer = rng.choice(len(chance), count, p=chance / chance.sum())
    covered = np.maximum(3, staff[employer] * rng.uniform(0.55, 1.0, count)).astype(np.int64)
    years = rng.integers(1, 4, count)
    contracts = pd.DataFrame(
        {
            "contract_id": [f"JTHT2025{number:04d}" for number in range(1, count + 1)],
            "employer_credit_code": employers.credit_code[employer],
            "organisation_code": _CODES[employers.organisation[employer]],
            "contract_type": rng.choice(
                np.array(["general", "wages", "women_workers", "safety"], object), count, p=[0.36, 0.31, 0.21, 0.12]
            ),
            "signed_on": days,
            "valid_until": days + (365 * years - 1).astype("timedelta64[D]"),
            "covered_workers": covered,
            "fulfilment_status": np.full(count, None, object),
        }
    )
    log = enter(rng, contracts, days, hours=(9.0, 17.5))
    looked_into = days + rng.integers(60, 150, count).astype("timedelta64[D]")
    is_seen = (looked_into < YEAR_END) & (rng.random(count) < 0.8)
    kept = rng.random(count) < 0.5 + 0.4 * chance[employer]
    partly = np.where(rng.random(count) < 0.7, "partly_fulfilled", "not_fulfilled").astype(object)
    found = np.where(kept, "fulfilled", partly)
    seen = updated(rng, log[is_seen].assign(fulfilment_status=found[is_seen]), looked_into[is_seen], (9.0, 17.5))
    states = pd.concat([log, seen]).drop_duplicates("contract_id", keep="last")

    def recount(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["covered_workers"] = rows["covered_workers"] + rng.integers(1, 20, len(rows))

    return pd.concat([log, seen, amendments(rng, states, recount)])


def make_safety(rng: np.random.Generator, employers: Employers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of inspections and of the hazards found; where little is done they are put right late or not at all."""
    week = busyness((1.0, 1.1, 1.1, 1.1, 0.9, 0.15, 0.05), as_day("2025-01-04"))
    in_june = (as_day("2025-06-01") <= ALL_DAYS) & (as_day("2025-07-01") > ALL_DAYS)  # the month of work safety
    of_law = (as_day("2025-04-25") <= ALL_DAYS) & (as_day("2025-05-02") > ALL_DAYS)  # the week of occupational disease
    days = spread(
        rng, INSPECTIONS_BY_DEMO, INSPECTIONS_AFTER, week * np.where(in_june, 1.9, np.where(of_law, 2.2, 1.0))
    )
    # entered by mistake, withdrawn later, nothing was found
    days = np.concatenate([days, [as_day("2025-05-14"), as_day("2025-09-10"), as_day("2025-10-20")]])
    count = len(days)
    is_mistake = np.arange(count) >= count - 3
    chance = np.array([o.rights for o in ORGANISATIONS])[employers.organisation]
    employer = rng.choice(len(chance), count, p=chance / chance.sum())
    month = days.astype("datetime64[M]")
    special = np.where(month == np.datetime64("2025-06"), 0.55, 0.14)
    disease = np.where((days >= as_day("2025-04-25")) & (days < as_day("2025-05-02")), 0.6, 0.09)
    draw = rng.random(count)
    kind = np.where(draw < disease, "occupational_disease", np.where(draw < disease + special, "special", "routine"))
    inspections = pd.DataFrame(
        {
            "inspection_id": [f"LB2025{number:05d}" for number in range(1, count + 1)],
            "inspected_on": days,
            "organisation_code": _CODES[employers.organisation[employer]],
            "employer_credit_code": employers.credit_code[employer],
            "inspection_type": kind.astype(object),
        }
    )
    log = enter(rng, inspections, days, hours=(15.0, 18.0), late=0.05)
    hazards = _hazards(rng, log[~is_mistake], _KEEN[employers.organisation[employer]][~is_mistake])
    has_hazards = inspections["inspection_id"].isin(hazards["inspection_id"]).to_numpy()

    def retype(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["inspection_type"] = np.where(rows["inspection_type"] == "routine", "special", "routine")

    changes = amendments(
        rng, log, retype, corrected=0.012, correctable=has_hazards, mistakes=is_mistake, on_busy_day=(2, 0)
    )
    return pd.concat([log, changes]), hazards


def _hazards(rng: np.random.Generator, inspections: pd.DataFrame, keen: np.ndarray) -> pd.DataFrame:
    """Found on the day of the inspection, due by their level, and put right some time after, if ever."""
    found_here = rng.poisson(2.45, len(inspections))
    parent = np.repeat(np.arange(len(inspections)), found_here)
    found = inspections["inspected_on"].to_numpy().astype("datetime64[D]")[parent]
    entered = inspections["_reported_at"].to_numpy().astype("datetime64[s]")[parent]
    count = len(parent)
    is_major = rng.random(count) < 0.07
    allowed = np.where(is_major, rng.choice([30, 45, 60], count), rng.choice([7, 10, 15], count))
    pace = 1.25 - 0.6 * np.clip(keen[parent], 0.3, 1.1)  # of the time allowed, in the mean
    taken = np.maximum(1, allowed * pace * rng.gamma(4.0, 0.25, count)).astype("timedelta64[D]")
    rectified = found + taken
    is_left = (rng.random(count) < 0.24 - 0.16 * np.clip(keen[parent], 0.3, 1.2)) | (rectified >= YEAR_END)
    hazards = pd.DataFrame(
        {
            "hazard_id": [f"YH2025{number:05d}" for number in range(1, count + 1)],
            "inspection_id": inspections["inspection_id"].to_numpy()[parent],
            "hazard_level": np.where(is_major, "major", "general").astype(object),
            "found_on": found,
            "due_on": found + allowed.astype("timedelta64[D]"),
            "rectified_on": np.full(count, NO_DAY),
        }
    )
    log = enter(rng, hazards, found, hours=(16.0, 20.0), late=0.04, not_before=entered)
    reported = log["_reported_at"].to_numpy().astype("datetime64[D]")
    is_known = ~is_left & (rectified < reported)
    log.loc[is_known, "rectified_on"] = rectified[is_known]
    later = ~is_left & ~is_known
    put_right = updated(rng, log[later].assign(rectified_on=rectified[later]), rectified[later], (16.0, 20.0))
    states = pd.concat([log[~later], put_right])

    def regrade(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["hazard_level"] = np.where(rows["hazard_level"] == "general", "major", "general")

    return pd.concat([log, put_right, amendments(rng, states, regrade, corrected=0.01)])
