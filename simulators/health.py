"""Vouchers, services, appointments, screenings, ratings, outreach and counselling of the synthetic year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.people import Employers, Workers
from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import (
    CAMPAIGN_START,
    DAY,
    HISTORY_END,
    NO_DAY,
    YEAR_END,
    Days,
    busyness,
    campaign_growth,
    clock,
    off_holidays,
    spread,
    weekday,
)

VOUCHERS_BY_DEMO, VOUCHERS_AFTER = 30_300, 6_300
VOUCHER_LIFE = np.timedelta64(90, "D")
HOSPITALS = np.array(["maternity_hospital", "eye_hospital"], object)
WOMENS_DAY = np.datetime64("2025-03-08")
OCCUPATIONAL_DISEASE_WEEK = np.datetime64("2025-04-25")
_CODES = np.array(ORGANISATION_CODES, object)
_PACE = np.array([o.health for o in ORGANISATIONS])
# hospitals without vouchers: prefix of the number, categories, their shares, shares of the scores 5 to 1
_OTHER_HOSPITALS = {
    "orthopaedic_hospital": (
        "GS", ["spine_and_foot", "weight_management"], [0.78, 0.22], [0.3, 0.32, 0.22, 0.1, 0.06],
    ),
    "jiahe_hospital": (
        "JH", ["endoscopy", "weight_management", "spine_and_foot"], [0.66, 0.24, 0.1], [0.52, 0.3, 0.12, 0.04, 0.02],
    ),
}  # fmt: skip
_RATED_SHARE = {
    "maternity_hospital": 0.07,
    "eye_hospital": 0.09,
    "orthopaedic_hospital": 0.16,
    "jiahe_hospital": 0.16,
}
_PRAISE = ["服务很好，医生很耐心。", "流程清楚，很方便。", "环境整洁，满意。", "检查仔细，感谢工会。"]
_BLAME = ["等候时间太长。", "前台解释不清楚。", "预约后仍要排队。", "检查项目与宣传不一致。"]


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
    day_of_use[on_sunday] += DAY
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
            "redeemed_on": np.full(count, NO_DAY),
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
    day_off = (chance >= 0.012) & (chance < 0.02) & (used - DAY >= issued)
    seen[day_off] -= DAY
    invented = ~is_used & (chance > 0.995) & (used < YEAR_END)
    seen[~invented & (~is_used | (chance < 0.012))] = NO_DAY
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


def make_other_services(
    rng: np.random.Generator, workers: Workers, employers: Employers, partner: str, before: int, after: int
) -> pd.DataFrame:
    """The log of a hospital that takes no vouchers: `before` services before the end of the demo, `after` later."""
    weights = busyness((1.0, 1.0, 1.0, 1.0, 1.0, 0.7, 0.4), CAMPAIGN_START) * campaign_growth()
    days = spread(rng, before, after, weights)
    count = len(days)
    worker = _draw(rng, count, _PACE[workers.organisation])
    prefix, categories, shares, scores = _OTHER_HOSPITALS[partner]
    stamps = np.char.replace(np.datetime_as_string(days), "-", "")
    satisfaction = rng.choice([5, 4, 3, 2, 1], count, p=scores).astype(object)
    satisfaction[rng.random(count) < 0.4] = None
    credit_codes = employers.credit_code[workers.employer[worker]]
    credit_codes[rng.random(count) < 0.2] = None
    services = pd.DataFrame(
        {
            "service_id": [f"{prefix}{stamp}{number:05d}" for number, stamp in enumerate(stamps.tolist(), 1)],
            "worker_name": workers.name[worker],
            "worker_id": workers.citizen_id[worker],
            "phone": workers.phone[worker],
            "service_date": days,
            "service_category": rng.choice(np.array(categories, object), count, p=shares),
            "organisation_code": _CODES[workers.organisation[worker]],
            "employer_credit_code": credit_codes,
            "voucher_id": np.full(count, None, object),
            "satisfaction_score": satisfaction,
        }
    )
    log = enter(rng, services, days, hours=(12.0, 21.5))

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["satisfaction_score"] = rng.integers(1, 6, len(rows)).astype(object)
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    return pd.concat([log, amendments(rng, log, correct, on_busy_day=(2, 2))])


def make_appointments(rng: np.random.Generator, services: pd.DataFrame, partner: str, share: float) -> pd.DataFrame:
    """The log of one hospital's appointments, made from its services: `share` of them had been booked beforehand.

    Beside those that were kept stand some that were cancelled and some to which nobody came, the more the longer the
    wait. At one of the hospitals the wait grows month by month.
    """
    given = services.drop_duplicates("service_id")
    kept = given.iloc[np.flatnonzero(rng.random(len(given)) < share)]
    missed = kept.iloc[np.flatnonzero(rng.random(len(kept)) < 0.17)]
    scheduled = np.concatenate(
        [
            kept["service_date"].to_numpy(),
            missed["service_date"].to_numpy() - rng.integers(1, 12, len(missed)).astype("timedelta64[D]"),
        ]
    ).astype("datetime64[D]")
    people = pd.concat([kept, missed], ignore_index=True)
    count = len(people)
    age = np.maximum((scheduled - CAMPAIGN_START).astype(np.int64), 0)
    typical = 3.0 + (age / 12.0 if partner == "jiahe_hospital" else 0.0)
    wait = np.minimum(rng.gamma(2.0, typical / 2.0, count).astype(np.int64), age)
    scheduled = np.maximum(scheduled, CAMPAIGN_START)
    booked = scheduled - wait.astype("timedelta64[D]")
    stays_away = rng.random(count) < np.minimum(0.32 + 0.02 * wait, 0.85)
    is_kept = np.arange(count) < len(kept)
    outcome = np.where(is_kept, "fulfilled", np.where(stays_away, "no_show", "cancelled")).astype(object)
    order = np.lexsort((rng.random(count), booked))
    prefix = "JY" if partner == "jiahe_hospital" else "YY"
    people, scheduled, booked, outcome = people.iloc[order], scheduled[order], booked[order], outcome[order]
    appointments = pd.DataFrame(
        {
            "appointment_id": [f"{prefix}2025{number:06d}" for number in range(1, count + 1)],
            "worker_id": people["worker_id"].to_numpy(object),
            "service_category": people["service_category"].to_numpy(object),
            "organisation_code": people["organisation_code"].to_numpy(object),
            "booked_on": booked,
            "scheduled_on": scheduled,
        }
    )
    log = enter(rng, appointments, booked, hours=(8.0, 17.0), late=0.02)
    called_off = booked + (rng.random(count) * (scheduled - booked).astype(np.int64)).astype("timedelta64[D]")
    settled = np.where(outcome == "cancelled", called_off, scheduled)
    entered = log["_reported_at"].to_numpy().astype("datetime64[D]")
    is_over = settled < entered  # entered when it was over, with the state it ended in
    log["appointment_status"] = np.where(is_over, outcome, "booked").astype(object)
    is_settled = ~is_over & (settled < YEAR_END)
    ends = updated(
        rng, log[is_settled].assign(appointment_status=outcome[is_settled]), settled[is_settled], (17.0, 21.5)
    )

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    states = pd.concat([log[~is_settled], ends])
    return pd.concat([log, ends, amendments(rng, states, correct)])


def make_screenings(
    rng: np.random.Generator, workers: Workers, employers: Employers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of the screening of special groups: women's at the maternity hospital, occupational at the orthopaedic.

    A worker belongs to the same groups wherever and whenever screened; no result is recorded anywhere.
    """
    codes = _CODES[workers.organisation]
    count = len(codes)
    is_migrant = rng.random(count) < np.where(codes == "IND-CONSTRUCTION", 0.55, 0.16)
    is_new = ~is_migrant & (rng.random(count) < np.where(codes == "IND-TRANSPORT", 0.35, 0.06))
    is_front_line = ~is_migrant & ~is_new & (rng.random(count) < np.where(codes == "IND-MANUFACTURING", 0.6, 0.3))
    is_poor = rng.random(count) < 0.02
    group_of_women = np.select([is_poor, is_new], ["hardship", "new_employment"], "women").astype(object)
    group_at_work = np.select([is_migrant, is_new], ["migrant", "new_employment"], "front_line").astype(object)
    is_woman = np.array([int(number[16]) % 2 == 0 for number in workers.citizen_id])  # as whoever reads it will see
    pace = _PACE[workers.organisation]
    days = _draw_days(rng, WOMENS_DAY, 2_050, 420)
    women = _screenings(rng, "SC", workers, employers, days, pace * is_woman, group_of_women)
    women["screening_type"] = rng.choice(
        np.array(["gynaecological", "breast", "cervical"], object), len(women), p=[0.4, 0.32, 0.28]
    )
    exposed = pace * np.select([is_migrant, is_new, is_front_line], [1.0, 0.35, 0.5], 0.0)
    days = _draw_days(rng, OCCUPATIONAL_DISEASE_WEEK, 980, 210)
    at_work = _screenings(rng, "ZY", workers, employers, days, exposed, group_at_work)
    at_work["screening_type"] = "occupational_disease"

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    logs = [enter(rng, rows, rows["screened_on"].to_numpy(), hours=(14.0, 20.0)) for rows in (women, at_work)]
    first, second = (pd.concat([log, amendments(rng, log, correct)]) for log in logs)
    return first, second


def _draw_days(rng: np.random.Generator, start: np.datetime64, before: int, after: int) -> Days:
    return spread(rng, before, after, busyness((1.0, 1.0, 1.1, 1.0, 0.9, 0.5, 0.1), start))


def _screenings(
    rng: np.random.Generator,
    prefix: str,
    workers: Workers,
    employers: Employers,
    days: Days,
    chance: NDArray[np.float64],
    groups: NDArray[np.object_],
) -> pd.DataFrame:
    count = len(days)
    worker = _draw(rng, count, chance)
    credit_codes = employers.credit_code[workers.employer[worker]]
    credit_codes[rng.random(count) < 0.1] = None
    return pd.DataFrame(
        {
            "screening_id": [f"{prefix}2025{number:05d}" for number in range(1, count + 1)],
            "worker_name": workers.name[worker],
            "worker_id": workers.citizen_id[worker],
            "special_group": groups[worker],
            "screened_on": days,
            "organisation_code": _CODES[workers.organisation[worker]],
            "employer_credit_code": credit_codes,
        }
    )


def make_ratings(rng: np.random.Generator, services: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The mini-program's log of ratings of services at the hospitals (partner -> its log of services)."""
    parts = []
    for partner, log in services.items():
        given = log.drop_duplicates("service_id")
        picked = given.iloc[np.flatnonzero(rng.random(len(given)) < _RATED_SHARE[partner])]
        parts.append(picked[["service_date", "voucher_id", "organisation_code", "phone"]].assign(partner_id=partner))
    rated = pd.concat(parts, ignore_index=True)
    count = len(rated)
    days = rated["service_date"].to_numpy().astype("datetime64[D]")
    days = days + np.minimum(rng.exponential(1.6, count), 14).astype("timedelta64[D]")
    is_low = (rated["partner_id"] == "orthopaedic_hospital").to_numpy()
    score = np.where(
        is_low,
        rng.choice([5, 4, 3, 2, 1], count, p=[0.24, 0.3, 0.24, 0.13, 0.09]),
        rng.choice([5, 4, 3, 2, 1], count, p=[0.6, 0.26, 0.09, 0.03, 0.02]),
    )
    complains = rng.random(count) < np.array([0, 0.75, 0.4, 0.05, 0.003, 0.001])[score]
    texts = np.where(score >= 4, rng.choice(_PRAISE, count), rng.choice(_BLAME, count)).astype(object)
    asks = np.flatnonzero(rng.random(count) < 0.04)  # people write their own number into free text
    texts[asks] = [f"{texts[row]}请回电{rated['phone'].iloc[row]}" for row in asks.tolist()]
    texts[(rng.random(count) < 0.55) & ~complains] = None
    order = np.lexsort((rng.random(count), days))
    ratings = pd.DataFrame(
        {
            "voucher_id": rated["voucher_id"].to_numpy(object),
            "partner_id": rated["partner_id"].to_numpy(object),
            "organisation_code": rated["organisation_code"].to_numpy(object),
            "rated_on": days,
            "score": score,
            "is_complaint": np.where(complains, "yes", "no").astype(object),
            "comment": texts,
        }
    ).iloc[order]
    ratings = ratings[ratings["rated_on"].to_numpy() < YEAR_END].reset_index(drop=True)
    ratings.insert(0, "rating_id", [f"R2025{number:06d}" for number in range(1, len(ratings) + 1)])
    log = enter(rng, ratings, ratings["rated_on"].to_numpy(), hours=(9.0, 22.5), late=0.01)

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["score"] = rng.integers(1, 6, len(rows))

    return pd.concat([log, amendments(rng, log, correct, corrected=0.01)])


def make_counselling(rng: np.random.Generator, workers: Workers) -> pd.DataFrame:
    """The log of the counselling hotline and rooms; callers stay unnamed, most do not say where they belong."""
    days = spread(rng, 1_500, 330, busyness((1.25, 1.1, 1.0, 1.0, 1.0, 0.8, 0.7), holiday=0.6))
    count = len(days)
    is_room = rng.random(count) < 0.28
    started = clock(rng, days, 8.5, 20.5)
    minutes = np.clip(rng.lognormal(np.where(is_room, 3.85, 3.1), 0.4), 2, 180).astype(np.int64)
    caller = rng.integers(0, len(workers.phone), count)
    organisations = _CODES[workers.organisation[caller]]
    organisations[rng.random(count) < np.where(is_room, 0.35, 0.65)] = None
    phones = workers.phone[caller]
    phones[is_room] = None
    scores = rng.choice([5, 4, 3, 2, 1], count, p=[0.5, 0.32, 0.12, 0.04, 0.02]).astype(object)
    scores[rng.random(count) < 0.5] = None
    topics = np.array(["work_stress", "family", "labour_relations", "mental_health", "other"], object)
    sessions = pd.DataFrame(
        {
            "session_id": [f"GD2025{number:05d}" for number in range(1, count + 1)],
            "started_at": started,
            "channel": np.where(is_room, "room", "hotline").astype(object),
            "topic": np.where(
                is_room,
                rng.choice(topics, count, p=[0.3, 0.27, 0.08, 0.3, 0.05]),
                rng.choice(topics, count, p=[0.36, 0.2, 0.23, 0.12, 0.09]),
            ),
            "duration_minutes": minutes,
            "organisation_code": organisations,
            "caller_phone": phones,
            "satisfaction_score": scores,
        }
    )
    log = enter(rng, sessions, days, late=0.03, not_before=started + minutes.astype("timedelta64[m]"))

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["topic"] = rng.choice(topics, len(rows))

    return pd.concat([log, amendments(rng, log, correct)])


def _draw(rng: np.random.Generator, count: int, chance: NDArray[np.float64]) -> NDArray[np.int64]:
    edges = np.cumsum(chance)
    return np.asarray(np.searchsorted(edges, rng.random(count) * edges[-1], side="right"))
