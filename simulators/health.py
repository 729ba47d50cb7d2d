"""Vouchers, the hospitals' services and outreach events of the synthetic year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.people import Employers, Workers
from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import (
    CAMPAIGN_START,
    HISTORY_END,
    YEAR_END,
    Days,
    busyness,
    campaign_growth,
    off_holidays,
    spread,
    weekday,
)

VOUCHERS_BY_DEMO, VOUCHERS_AFTER = 30_300, 6_300
VOUCHER_LIFE = np.timedelta64(90, "D")
HOSPITALS = np.array(["maternity_hospital", "eye_hospital"], object)
_CODES = np.array(ORGANISATION_CODES, object)
_PACE = np.array([o.health for o in ORGANISATIONS])


def make_vouchers(rng: np.random.Generator, workers: Workers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The mini-program's log of vouchers, and what the hospitals will know: one row a redemption."""
    weights = busyness((1.0, 1.05, 1.0, 1.0, 1.1, 0.55, 0.4), CAMPAIGN_START) * campaign_growth()
    issued = spread(rng, VOUCHERS_BY_DEMO, VOUCHERS_AFTER, weights)
    count = len(issued)
    is_maternity = rng.random(count) < 0.56
    chance = _PACE[workers.organisation]
    for_women = chance * np.where(workers.is_woman, 1.0, 0.09)
    worker = np.where(is_maternity, _draw(rng, count, for_women), _draw(rng, count, chance))
    organisation = workers.organisation[worker]
    day_of_use = off_holidays(rng, issued + (1 + rng.gamma(2.0, 8.0, count)).astype("timedelta64[D]"))
    on_sunday = (weekday(day_of_use) == 6) & (rng.random(count) < 0.6)
    day_of_use[on_sunday] += 1
    keen = 0.73 * np.clip(_PACE[organisation], 0.3, 1.3) ** 0.3 * np.where(is_maternity, 1.0, 0.96)
    is_used = (rng.random(count) < keen) & (day_of_use <= issued + VOUCHER_LIFE) & (day_of_use < YEAR_END)
    vouchers = pd.DataFrame(
        {
            "voucher_id": [f"V2025{number:06d}" for number in range(1, count + 1)],
            "worker_id": workers.citizen_id[worker],
            "organisation_code": _CODES[organisation],
            "voucher_type": np.where(rng.random(count) < 0.65, "free", "discounted").astype(object),
            "partner_id": np.where(is_maternity, HOSPITALS[0], HOSPITALS[1]),
            "issued_on": issued,
            "expires_on": issued + VOUCHER_LIFE,
            "redeemed_on": np.full(count, np.datetime64("NaT"), "datetime64[D]"),
        }
    )
    log = enter(rng, vouchers, issued, late=0.02)
    seen = _seen_by_mini_program(rng, issued, day_of_use, is_used)
    is_seen = ~np.isnat(seen)
    lag = np.where(rng.random(count) < 0.05, rng.integers(1, 4, count), 0).astype("timedelta64[D]")
    uses = updated(rng, log[is_seen].assign(redeemed_on=seen[is_seen]), (day_of_use + lag)[is_seen], (14.0, 22.0))

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    rest = amendments(rng, log[~is_used & ~is_seen], correct, corrected=0.012, withdrawn=0.006)
    redemptions = pd.DataFrame(
        {
            "worker": worker,
            "partner": vouchers["partner_id"],
            "day": day_of_use,
            "voucher_id": vouchers["voucher_id"],
        }
    )[is_used]
    return pd.concat([log, uses, rest]), redemptions


def _seen_by_mini_program(rng: np.random.Generator, issued: Days, used: Days, is_used: NDArray[np.bool_]) -> Days:
    """The day of use as the mini-program has it: some uses it misses, some it has by a day off, some it invents."""
    chance = rng.random(len(used))
    seen = used.copy()
    day_off = (chance >= 0.012) & (chance < 0.02) & (used - 1 >= issued)
    seen[day_off] -= 1
    invented = ~is_used & (chance > 0.995) & (used < YEAR_END)
    seen[~invented & (~is_used | (chance < 0.012))] = np.datetime64("NaT")
    return seen


def make_services(
    rng: np.random.Generator, workers: Workers, employers: Employers, redemptions: pd.DataFrame, partner: str
) -> pd.DataFrame:
    """One hospital's log of services: every voucher redeemed there, and some services without a voucher."""
    redeemed = redemptions[redemptions["partner"] == partner]
    walk_ins = int(0.09 * len(redeemed))
    weights = busyness((1.0, 1.0, 1.0, 1.0, 1.0, 0.7, 0.2), CAMPAIGN_START) * campaign_growth()
    is_maternity = partner == "maternity_hospital"
    chance = _PACE[workers.organisation] * np.where(workers.is_woman | (not is_maternity), 1.0, 0.09)
    worker = np.concatenate([redeemed["worker"].to_numpy(), _draw(rng, walk_ins, chance)])
    days = np.concatenate(
        [redeemed["day"].to_numpy().astype("datetime64[D]"), spread(rng, walk_ins, 0, weights, end=YEAR_END)]
    )
    vouchers = np.concatenate([redeemed["voucher_id"].to_numpy(object), np.full(walk_ins, None, object)])
    order = np.lexsort((rng.random(len(days)), days))
    worker, days, vouchers = worker[order], days[order], vouchers[order]
    count = len(days)
    prefix = "FC" if is_maternity else "AE"
    stamps = np.char.replace(np.datetime_as_string(days), "-", "")
    scores = rng.choice([5, 4, 3, 2, 1], count, p=[0.55, 0.28, 0.11, 0.04, 0.02]).astype(object)
    scores[rng.random(count) < 0.35] = None
    credit_codes = employers.credit_code[workers.employer[worker]]
    credit_codes[rng.random(count) < 0.13] = None
    services = pd.DataFrame(
        {
            "service_id": [f"{prefix}{stamp}{number:05d}" for number, stamp in enumerate(stamps.tolist(), 1)],
            "worker_name": workers.name[worker],
            "worker_id": workers.citizen_id[worker],
            "phone": workers.phone[worker],
            "service_date": days,
            "service_category": _categories(rng, workers.is_woman[worker], is_maternity),
            "organisation_code": _CODES[workers.organisation[worker]],
            "employer_credit_code": credit_codes,
            "voucher_id": vouchers,
            "satisfaction_score": scores,
        }
    )
    log = enter(rng, services, days, hours=(12.0, 21.5))

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["satisfaction_score"] = rng.integers(1, 6, len(rows)).astype(object)
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    return pd.concat([log, amendments(rng, log, correct, on_busy_day=(4, 2))])


def _categories(rng: np.random.Generator, is_woman: NDArray[np.bool_], is_maternity: bool) -> NDArray[np.object_]:
    count = len(is_woman)
    if not is_maternity:
        return rng.choice(np.array(["eye_examination", "eye_education"], object), count, p=[0.78, 0.22])
    of_women = np.array(["womens_screening", "endoscopy", "weight_management", "spine_and_foot"], object)
    of_men = of_women[1:]
    return np.where(
        is_woman,
        rng.choice(of_women, count, p=[0.645, 0.2, 0.15, 0.005]),
        rng.choice(of_men, count, p=[0.55, 0.42, 0.03]),
    )


def make_outreach(rng: np.random.Generator, employers: Employers) -> pd.DataFrame:
    """Lectures and free clinics: about three in four at a site not visited before."""
    weights = busyness((1.0, 1.0, 1.2, 1.0, 1.0, 0.3, 0.1), CAMPAIGN_START)
    days = spread(rng, 114, 34, weights)
    days[np.searchsorted(days, HISTORY_END) - 1] = HISTORY_END  # an event on the first night's day
    days = np.sort(days)
    count = len(days)
    is_new = rng.random(count) < 0.79
    is_new[:3] = True
    site = np.cumsum(is_new) - 1
    revisits = np.flatnonzero(~is_new)
    site[revisits] = (rng.random(len(revisits)) * (site[revisits] + 1)).astype(np.int64)
    sites = int(is_new.sum())
    is_station = rng.random(sites) < 0.24
    host = _draw(rng, sites, _PACE[employers.organisation])
    organisation = employers.organisation[host]
    names = [
        f"{ORGANISATIONS[org].short_zh}工会驿站（演示{number}站）" if station else str(employers.name[index])
        for number, (station, org, index) in enumerate(zip(is_station, organisation, host, strict=True), 1)
    ]
    codes = employers.credit_code[host]
    codes[is_station] = None
    events = pd.DataFrame(
        {
            "event_id": [f"H2025{number:04d}" for number in range(1, count + 1)],
            "event_date": days,
            "event_type": np.where(rng.random(count) < 0.68, "lecture", "free_clinic").astype(object),
            "organisation_code": _CODES[organisation[site]],
            "site_id": np.array([f"S{number:04d}" for number in range(1, sites + 1)], object)[site],
            "site_kind": np.where(is_station, "union_station", "employer").astype(object)[site],
            "site_name": np.array(names, object)[site],
            "employer_credit_code": codes[site],
            "attendees": np.clip(rng.lognormal(4.0, 0.5, count), 8, 600).astype(np.int64),
        }
    )
    log = enter(rng, events, days, late=0.1, late_on_busy_day=1)
    is_revisit = ~is_new  # a withdrawn event takes no site out of the count

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["attendees"] = rows["attendees"] + rng.integers(1, 30, len(rows))

    amended = amendments(rng, log, correct, corrected=0.03, withdrawn=0.02, withdrawable=is_revisit, on_busy_day=(1, 1))
    return pd.concat([log, amended])


def _draw(rng: np.random.Generator, count: int, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    edges = np.cumsum(chance)
    return np.asarray(np.searchsorted(edges, rng.random(count) * edges[-1], side="right"))
