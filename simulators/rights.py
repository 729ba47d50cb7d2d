"""Labour-dispute mediation of the synthetic year: the register of cases and the log of what happened to each."""

import numpy as np
import pandas as pd

from simulators.people import Employers, Workers
from simulators.register import amendments, enter
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import YEAR_END, as_day, busyness, clock, spread

CASES_BY_DEMO, CASES_AFTER = 862, 180
_CODES = np.array(ORGANISATION_CODES, object)
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
