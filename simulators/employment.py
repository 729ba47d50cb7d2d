"""Job fairs, postings, applications, hires, skills training and start-up support of the synthetic year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.people import Employers, Workers
from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import (
    ALL_DAYS,
    BUSY_DAY,
    DAY,
    HISTORY_END,
    YEAR_END,
    as_day,
    busyness,
    clock,
    is_holiday,
    spread,
    weekday,
)

_CODES = np.array(ORGANISATION_CODES, object)
_PACE = np.array([o.employment for o in ORGANISATIONS]) * np.array([o.members for o in ORGANISATIONS])
_OCCUPATIONS = [
    "电工",
    "焊工",
    "数控操作工",
    "质检员",
    "仓储管理员",
    "配送员",
    "家政服务员",
    "客服专员",
    "会计",
    "电商运营",
    "机械装配工",
    "保安员",
]
_LEVELS = np.array(["none", "junior", "intermediate", "senior"], object)
STARTUPS_BY_DEMO, STARTUPS_AFTER = 690, 190
_COURSES = ["electrician", "welder", "housekeeping", "e_commerce", "other"]
LATE_TALK_DAY = as_day("2025-10-22")  # entered on the busy day, its postings the day before: orphans for one night


def make_job_fairs(
    rng: np.random.Generator, workers: Workers, employers: Employers
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Logs of fairs, postings and applications."""
    fairs = _fairs(rng)
    postings = _postings(rng, fairs, employers)
    applications = _applications(rng, fairs, postings, workers)
    has_postings = fairs["fair_id"].isin(postings["fair_id"]).to_numpy()
    last_before = fairs["fair_date"].to_numpy().astype("datetime64[D]") < HISTORY_END
    correctable = has_postings & last_before

    def rename(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["fair_name"] = rows["fair_name"] + "（更名）"

    fair_changes = amendments(
        rng, fairs, rename, corrected=0.03, correctable=correctable, mistakes=~has_postings, on_busy_day=(1, 0)
    )
    is_empty = ~postings["posting_id"].isin(applications["posting_id"]).to_numpy()

    def recount(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["headcount"] = rows["headcount"] + rng.integers(1, 6, len(rows))

    posting_changes = amendments(rng, postings, recount, withdrawable=is_empty, on_busy_day=(3, 2))
    return (
        pd.concat([fairs, fair_changes]),
        pd.concat([postings, posting_changes]),
        _progress(rng, applications),
    )


def _fairs(rng: np.random.Generator) -> pd.DataFrame:
    saturdays = ALL_DAYS[(weekday(ALL_DAYS) == 5) & ~is_holiday(ALL_DAYS)]
    workdays = ALL_DAYS[(weekday(ALL_DAYS) < 5) & ~is_holiday(ALL_DAYS)]
    spring, autumn = as_day("2025-02-15"), as_day("2025-10-19")
    held = np.concatenate(
        [
            rng.choice(saturdays[(saturdays > spring) & (saturdays < autumn)], 16, replace=False),
            [HISTORY_END],
            rng.choice(saturdays[saturdays > BUSY_DAY], 3, replace=False),
        ]
    )
    talks = np.concatenate(
        [
            rng.choice(workdays[(workdays > spring) & (workdays < autumn)], 11, replace=False),
            [LATE_TALK_DAY],
            rng.choice(workdays[(workdays > BUSY_DAY) & (workdays < YEAR_END - 10 * DAY)], 4, replace=False),
            [as_day("2025-06-18"), as_day("2025-10-16")],  # entered by mistake, withdrawn later, without postings
        ]
    )
    days = np.concatenate([held, talks])
    is_talk = np.arange(len(days)) >= len(held)
    is_mistake = np.arange(len(days)) >= len(days) - 2
    order = np.argsort(days, kind="stable")
    days, is_talk, is_mistake = days[order], is_talk[order], is_mistake[order]
    organisation = rng.choice(len(_CODES), len(days), p=_PACE / _PACE.sum())
    names = [
        f"2025年{ORGANISATIONS[org].short_zh}{'企业宣讲会' if talk else '职工就业招聘会'}（演示第{number}场）"
        for number, (org, talk) in enumerate(zip(organisation, is_talk, strict=True), 1)
    ]
    fairs = pd.DataFrame(
        {
            "fair_id": [f"F2025{number:03d}" for number in range(1, len(days) + 1)],
            "fair_name": names,
            "fair_type": np.where(is_talk, "recruiting_talk", "job_fair").astype(object),
            "fair_date": days,
            "organisation_code": _CODES[organisation],
        }
    )
    log = enter(rng, fairs, days, hours=(8.0, 9.0), late=0.0, late_on_busy_day=0)
    is_late = (days == LATE_TALK_DAY) & is_talk
    log.loc[is_late, "_reported_at"] = clock(rng, np.full(int(is_late.sum()), BUSY_DAY), 9.0, 12.0)
    log.loc[is_late, "_change"] = "late"
    return log.assign(_is_mistake=is_mistake)


def _postings(rng: np.random.Generator, fairs: pd.DataFrame, employers: Employers) -> pd.DataFrame:
    parts: list[pd.DataFrame] = []
    pool = pd.DataFrame()
    chance = _PACE[employers.organisation] / np.bincount(employers.organisation)[employers.organisation]
    number = 0
    real = fairs[~fairs["_is_mistake"]]
    for fair_id, fair_type in zip(real["fair_id"].tolist(), real["fair_type"].tolist(), strict=True):
        count = int(rng.normal(24, 4) if fair_type == "recruiting_talk" else rng.normal(142, 18))
        repeated = pool.sample(min(len(pool), int(0.13 * count)), random_state=rng) if len(pool) else pool
        fresh = count - len(repeated)
        employer = rng.choice(len(chance), fresh, p=chance / chance.sum())
        low = rng.integers(28, 75, fresh) * 100
        new = pd.DataFrame(
            {
                "posting_id": [f"P{number + offset:06d}" for offset in range(1, fresh + 1)],
                "employer_credit_code": employers.credit_code[employer],
                "employer_name": employers.name[employer],
                "occupation": rng.choice(np.array(_OCCUPATIONS, object), fresh),
                "headcount": np.clip(rng.lognormal(2.43, 0.85, fresh), 1, 400).astype(np.int64),
                "monthly_wage_min": low.astype(object),
                "monthly_wage_max": (low + rng.integers(5, 35, fresh) * 100).astype(object),
            }
        )
        unstated = rng.random(fresh) < 0.08
        new.loc[unstated, ["monthly_wage_min", "monthly_wage_max"]] = None
        number += fresh
        parts.append(pd.concat([new, repeated]).assign(fair_id=str(fair_id)))
        pool = pd.concat([pool, new])
    postings = pd.concat(parts, ignore_index=True)
    parent = fairs.set_index("fair_id").loc[postings["fair_id"]]
    days = parent["fair_date"].to_numpy().astype("datetime64[D]")
    entered = parent["_reported_at"].to_numpy().astype("datetime64[s]")
    log = enter(rng, postings, days, hours=(10.0, 20.0), late=0.04, late_on_busy_day=0, not_before=entered)
    is_early = days == LATE_TALK_DAY
    log.loc[is_early, "_reported_at"] = clock(rng, np.full(int(is_early.sum()), HISTORY_END), 10.0, 18.0)
    log.loc[is_early, "_change"] = "late"
    of_saturday = np.flatnonzero(days == HISTORY_END)[:6]
    log.loc[of_saturday, "_reported_at"] = clock(rng, np.full(len(of_saturday), BUSY_DAY), 10.0, 18.0)
    log.loc[of_saturday, "_change"] = "late"
    return log


def _applications(
    rng: np.random.Generator, fairs: pd.DataFrame, postings: pd.DataFrame, workers: Workers
) -> pd.DataFrame:
    """One first entry an application; never before its posting is known."""
    dates = fairs.set_index("fair_id")["fair_date"]
    fair_day = dates.loc[postings["fair_id"]].to_numpy().astype("datetime64[D]")
    drawing = postings["headcount"].to_numpy() ** 0.6 * rng.gamma(1.0, 1.0, len(postings))
    early = fair_day <= BUSY_DAY
    picked = np.concatenate(
        [
            rng.choice(np.flatnonzero(part), count, p=drawing[part] / drawing[part].sum())
            for part, count in ((early, 12_100), (~early, 2_600))
        ]
    )
    delay = np.where(rng.random(len(picked)) < 0.7, 0, rng.integers(1, 11, len(picked)))
    days = fair_day[picked] + delay.astype("timedelta64[D]")
    order = np.lexsort((rng.random(len(days)), days))
    picked, days = picked[order], days[order]
    # an applicant does not apply for what is not posted yet
    entered = postings["_reported_at"].to_numpy().astype("datetime64[s]")[picked]
    days = np.maximum(days, np.where(fair_day[picked] == LATE_TALK_DAY, BUSY_DAY, days))
    applications = pd.DataFrame(
        {
            "application_id": [f"A{number:07d}" for number in range(1, len(picked) + 1)],
            "posting_id": postings["posting_id"].to_numpy()[picked],
            "fair_id": postings["fair_id"].to_numpy()[picked],
            "worker_id": workers.citizen_id[rng.integers(0, len(workers.citizen_id), len(picked))],
            "applied_on": days,
            "stage": "applied",
        }
    )
    return enter(rng, applications, days, hours=(12.0, 21.5), late=0.04, not_before=entered)


def _progress(rng: np.random.Generator, first: pd.DataFrame) -> pd.DataFrame:
    """Applications move on: interviewed, offered, hired; then the rare correction or withdrawal."""
    parts, states = [first], first
    for stage, share, longest in (("interviewed", 0.45, 14), ("offered", 0.42, 10), ("hired", 0.6, 14)):
        moving = states[rng.random(len(states)) < share]
        days = moving["_reported_at"].to_numpy().astype("datetime64[D]") + rng.integers(2, longest, len(moving)).astype(
            "timedelta64[D]"
        )
        states = updated(rng, moving.assign(stage=stage), days)
        parts.append(states)
    log = pd.concat(parts)
    last = log.drop_duplicates("application_id", keep="last")

    def set_back(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["stage"] = np.where(rows["stage"] == "applied", "interviewed", "applied")

    return pd.concat([log, amendments(rng, last, set_back, corrected=0.006, withdrawn=0.004, on_busy_day=(3, 2))])


def make_training(rng: np.random.Generator, workers: Workers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of sessions and attendances. One session of the first night's day is entered a day late, on the busy day."""
    weights = busyness((1.4, 0.8, 0.8, 0.6, 0.5, 0.5, 0.1), as_day("2025-02-10"))
    starts = spread(rng, 67, 24, weights)
    starts = np.sort(
        np.concatenate([starts, [as_day("2025-10-21"), as_day("2025-10-23"), as_day("2025-10-24"), HISTORY_END]])
    )
    mistakes = np.array([as_day("2025-07-09"), as_day("2025-10-15")])  # entered by mistake, withdrawn, nobody came
    starts = np.concatenate([starts, mistakes])
    count = len(starts)
    lengths = rng.integers(2, 5, count)
    lengths[starts == HISTORY_END - DAY] = 3  # runs over the first and second night
    organisation = rng.choice(len(_CODES), count, p=_PACE / _PACE.sum())
    sessions = pd.DataFrame(
        {
            "session_id": [f"T2025{number:03d}" for number in range(1, count + 1)],
            "course": rng.choice(np.array(_COURSES, object), count, p=[0.27, 0.18, 0.25, 0.2, 0.1]),
            "started_on": starts,
            "ended_on": starts + (lengths - 1).astype("timedelta64[D]"),
            "organisation_code": _CODES[organisation],
            "capacity": rng.integers(6, 13, count) * 5,
        }
    )
    log = enter(rng, sessions, starts, hours=(8.0, 9.0), late=0.0, late_on_busy_day=0)
    is_late = (starts == HISTORY_END) & (np.arange(count) < count - len(mistakes))
    log.loc[is_late, "_reported_at"] = clock(rng, np.full(int(is_late.sum()), BUSY_DAY), 8.0, 12.0)
    log.loc[is_late, "_change"] = "late"
    attendances = _attendances(rng, log.iloc[: -len(mistakes)], workers)
    was_attended = log["session_id"].isin(attendances["session_id"]).to_numpy()

    def widen(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["capacity"] = rows["capacity"] + 5

    amended = amendments(
        rng, log, widen, corrected=0.03, correctable=was_attended & ~is_late, mistakes=~was_attended, on_busy_day=(1, 0)
    )

    def regrade(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["certificate_level"] = rng.choice(np.array(["junior", "intermediate"], object), len(rows))

    changed = amendments(rng, attendances, regrade, on_busy_day=(3, 2))
    return pd.concat([log, amended]), pd.concat([attendances, changed])


def _attendances(rng: np.random.Generator, sessions: pd.DataFrame, workers: Workers) -> pd.DataFrame:
    parts = []
    firsts, lasts = (sessions[name].to_numpy().astype("datetime64[D]") for name in ("started_on", "ended_on"))
    named = zip(sessions["session_id"].tolist(), sessions["capacity"].tolist(), firsts, lasts, strict=True)
    for session_id, capacity, first, last in named:
        trainees = rng.choice(len(workers.citizen_id), int(capacity * rng.uniform(0.65, 0.97)), replace=False)
        for day in np.arange(first, last + DAY):
            present = trainees[rng.random(len(trainees)) < 0.93]
            level = np.full(len(present), None, object)
            if day == last:
                level = rng.choice(_LEVELS, len(present), p=[0.15, 0.55, 0.25, 0.05])
            parts.append(
                pd.DataFrame(
                    {
                        "session_id": session_id,
                        "worker_id": workers.citizen_id[present],
                        "attended_on": day,
                        "certificate_level": level,
                    }
                )
            )
    attendances = pd.concat(parts, ignore_index=True).sort_values("attended_on", kind="stable", ignore_index=True)
    attendances.insert(0, "attendance_id", [f"Q{number:06d}" for number in range(1, len(attendances) + 1)])
    days = attendances["attended_on"].to_numpy().astype("datetime64[D]")
    attendances["attended_on"] = days
    return enter(rng, attendances, days, hours=(17.0, 21.5))


def make_enrolments(
    rng: np.random.Generator, sessions: pd.DataFrame, attendances: pd.DataFrame, workers: Workers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logs of enrolments and certificates, true to the logs of sessions and attendances.

    Who came had enrolled; who had enrolled and was away on the last day, or never came, has dropped out; who passed on
    the last day is sent the certificate some days later.
    """
    classes = sessions.drop_duplicates("session_id").set_index("session_id")
    came = attendances.drop_duplicates("attendance_id")
    enrolments = _enrolments(rng, classes, came, workers)
    session = classes.loc[enrolments["session_id"]]
    first, last = (session[name].to_numpy().astype("datetime64[D]") for name in ("started_on", "ended_on"))
    log = enter(rng, enrolments.assign(enrolment_status="enrolled"), first, hours=(9.5, 12.0), late=0.03)
    final = np.where(enrolments["_is_through"], "completed", "dropped_out").astype(object)
    is_over = log["_reported_at"].to_numpy().astype("datetime64[D]") > last
    log.loc[is_over, "enrolment_status"] = final[is_over]
    ended = updated(rng, log[~is_over].assign(enrolment_status=final[~is_over]), last[~is_over], (17.0, 21.5))
    states = pd.concat([log[is_over], ended]).sort_values("enrolment_id")

    def reverse(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["enrolment_status"] = np.where(rows["enrolment_status"] == "completed", "dropped_out", "completed")

    has_dropped_out = (states["enrolment_status"] == "dropped_out").to_numpy()
    changes = amendments(
        rng, states, reverse, corrected=0.01, correctable=has_dropped_out, withdrawable=has_dropped_out
    )
    whole = pd.concat([log, ended, changes]).drop(columns="_is_through")
    return whole, _certificates(rng, classes, came)


def _enrolments(rng: np.random.Generator, classes: pd.DataFrame, came: pd.DataFrame, workers: Workers) -> pd.DataFrame:
    """One row a person and session: all who came, and some who never did, more of them where little is done."""
    last_day = classes["ended_on"].loc[came["session_id"]].to_numpy() == came["attended_on"].to_numpy()
    pairs = came.assign(_is_through=last_day).groupby(["session_id", "worker_id"], sort=True)["_is_through"].any()
    present = pairs.reset_index()
    # a day missed at the end costs two in three of them the course
    present["_is_through"] |= rng.random(len(present)) < 0.35
    keen = dict(zip(ORGANISATION_CODES, (o.employment for o in ORGANISATIONS), strict=True))
    absent = []
    for session_id, group in present.groupby("session_id", sort=True):
        share = 0.05 + 0.16 * (1.3 - keen[str(classes.at[session_id, "organisation_code"])])
        others = workers.citizen_id[rng.integers(0, len(workers.citizen_id), int(rng.binomial(len(group), share)))]
        absent.append(pd.DataFrame({"session_id": session_id, "worker_id": others, "_is_through": False}))
    people = pd.concat([present, *absent]).drop_duplicates(["session_id", "worker_id"])
    first = classes["started_on"].loc[people["session_id"]].to_numpy().astype("datetime64[D]")
    enrolled = first - (1 + rng.gamma(2.0, 4.0, len(people))).astype("timedelta64[D]")
    people = people.assign(enrolled_on=enrolled).sort_values(["session_id", "enrolled_on"], kind="stable")
    people.insert(0, "enrolment_id", [f"B{number:06d}" for number in range(1, len(people) + 1)])
    return people.reset_index(drop=True)


def _certificates(rng: np.random.Generator, classes: pd.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    passed = came[came["certificate_level"].isin(["junior", "intermediate", "senior"])]
    ended = classes["ended_on"].loc[passed["session_id"]].to_numpy().astype("datetime64[D]")
    issued = ended + rng.integers(3, 16, len(passed)).astype("timedelta64[D]")
    order = np.lexsort((passed["attendance_id"].to_numpy().astype(str), issued))
    certificates = pd.DataFrame(
        {
            "certificate_id": [f"ZS2025{number:05d}" for number in range(1, len(passed) + 1)],
            "session_id": passed["session_id"].to_numpy()[order],
            "worker_id": passed["worker_id"].to_numpy()[order],
            "issued_on": issued[order],
            "certificate_level": passed["certificate_level"].to_numpy()[order],
        }
    )
    certificates = certificates[certificates["issued_on"] < YEAR_END]
    log = enter(rng, certificates, certificates["issued_on"].to_numpy(), hours=(9.0, 17.0))

    def regrade(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["certificate_level"] = np.where(rows["certificate_level"] == "junior", "intermediate", "junior")

    return pd.concat([log, amendments(rng, log, regrade, corrected=0.01, withdrawn=0.004)])


def make_startup_support(rng: np.random.Generator, workers: Workers) -> pd.DataFrame:
    """Log of advice, project referrals, subsidies and small guaranteed loans; money goes where most is done."""
    weights = busyness((1.1, 1.1, 1.0, 1.0, 0.9, 0.2, 0.06), as_day("2025-01-06"))
    days = spread(
        rng, STARTUPS_BY_DEMO, STARTUPS_AFTER, weights * (0.7 + 0.6 * np.arange(len(ALL_DAYS)) / len(ALL_DAYS))
    )
    count = len(days)
    chance = np.array([o.employment for o in ORGANISATIONS])[workers.organisation]
    worker = rng.choice(len(chance), count, p=chance / chance.sum())
    organisation = workers.organisation[worker]
    is_keen = np.array([o.employment for o in ORGANISATIONS])[organisation] >= 0.8
    kinds = np.array(["advice", "project_referral", "subsidy", "guaranteed_loan"], object)
    kind = np.where(
        is_keen,
        rng.choice(kinds, count, p=[0.44, 0.22, 0.2, 0.14]),
        rng.choice(kinds, count, p=[0.72, 0.18, 0.07, 0.03]),
    )
    amount = np.full(count, None, object)
    is_subsidy, is_loan = kind == "subsidy", kind == "guaranteed_loan"
    amount[is_subsidy] = rng.integers(6, 21, int(is_subsidy.sum())) * 500
    amount[is_loan] = rng.choice([50_000, 80_000, 100_000, 150_000, 200_000, 300_000], int(is_loan.sum()))
    support = pd.DataFrame(
        {
            "support_id": [f"CY2025{number:05d}" for number in range(1, count + 1)],
            "worker_id": workers.citizen_id[worker],
            "organisation_code": _CODES[organisation],
            "support_type": kind,
            "supported_on": days,
            "amount_yuan": amount,
        }
    )
    log = enter(rng, support, days, hours=(9.0, 18.0))

    def move(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["organisation_code"] = rng.choice(_CODES, len(rows))

    return pd.concat([log, amendments(rng, log, move)])


def make_registrations(
    rng: np.random.Generator, applications: pd.DataFrame, postings: pd.DataFrame, employers: Employers, workers: Workers
) -> pd.DataFrame:
    """Log of new hires as employers register them, true to the logs of applications and postings.

    Most hires at a fair are registered some days later by the same employer, fewer and later where little is done. Of
    some registered hires the fair knows an offer only, or nothing. Some employers name another posting of theirs, or
    none, and some a first day before the application.
    """
    last = applications.drop_duplicates("application_id", keep="last")
    last = last[last["record_status"] == "valid"]
    hired, offered = last[last["stage"] == "hired"], last[last["stage"] == "offered"].sample(80, random_state=rng)
    elsewhere = postings.drop_duplicates(["posting_id", "fair_id"]).sample(190, random_state=rng)
    elsewhere = elsewhere.assign(worker_id=workers.citizen_id[rng.integers(0, len(workers.citizen_id), len(elsewhere))])
    named = ["posting_id", "fair_id", "worker_id", "applied_on", "_reported_at"]
    hires = pd.concat([rows.reindex(columns=named) for rows in (hired, offered, elsewhere)], ignore_index=True)
    is_of_fair = np.arange(len(hires)) < len(hired)
    has_applied = hires["applied_on"].notna().to_numpy()

    posting = postings.drop_duplicates("posting_id").set_index("posting_id").loc[hires["posting_id"]]
    hires["employer_credit_code"] = posting["employer_credit_code"].to_numpy()
    hires["occupation"] = posting["occupation"].where(rng.random(len(hires)) < 0.92, None).to_numpy()
    organisations = dict(zip(employers.credit_code.tolist(), employers.organisation.tolist(), strict=True))
    organisation = hires["employer_credit_code"].map(organisations).to_numpy()
    hires["organisation_code"] = _CODES[organisation]
    keen = np.array([o.employment for o in ORGANISATIONS])[organisation]

    applied = pd.to_datetime(hires["applied_on"]).to_numpy().astype("datetime64[D]")
    known = hires["_reported_at"].to_numpy().astype("datetime64[D]")
    began = known + np.where(is_of_fair, rng.integers(-3, 8, len(hires)), rng.integers(4, 25, len(hires)))
    is_before = has_applied & (rng.random(len(hires)) < 0.05)
    began = np.where(has_applied, np.maximum(began, applied), began)
    hires["hired_on"] = np.where(is_before, applied - rng.integers(1, 25, len(hires)), began)
    hires["_registered_on"] = hires["hired_on"] + (1 + rng.gamma(2.0, 3.0 / keen)).astype("timedelta64[D]")

    hires = _with_source(rng, hires, postings, is_silent=~has_applied & (rng.random(len(hires)) < 0.4))
    is_registered = ~is_of_fair | (rng.random(len(hires)) < 0.7 + 0.2 * np.minimum(keen, 1.1))
    hires = hires[is_registered & (hires["_registered_on"] < YEAR_END).to_numpy()]
    hires = hires.drop_duplicates(["worker_id", "employer_credit_code"])
    hires = hires.sort_values("_registered_on", kind="stable", ignore_index=True)
    hires.insert(0, "registration_id", [f"YG2025{number:05d}" for number in range(1, len(hires) + 1)])
    days = hires["_registered_on"].to_numpy().astype("datetime64[D]")
    unneeded = ["posting_id", "fair_id", "applied_on", "_reported_at", "_registered_on"]
    log = enter(rng, hires.drop(columns=unneeded), days, hours=(9.0, 18.0))

    def redate(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["hired_on"] = rows["hired_on"] - rng.integers(1, 6, len(rows)).astype("timedelta64[D]")

    return pd.concat([log, amendments(rng, log, redate)])


def _with_source(
    rng: np.random.Generator, hires: pd.DataFrame, postings: pd.DataFrame, is_silent: NDArray[np.bool_]
) -> pd.DataFrame:
    """The fair and posting that the employer names: seven in ten both, some the fair alone, a few another posting."""
    of_employer = postings.groupby("employer_credit_code").indices
    fair, posting = (hires[name].to_numpy(object, copy=True) for name in ("fair_id", "posting_id"))
    for row in np.flatnonzero(rng.random(len(hires)) < 0.07).tolist():
        other = int(rng.choice(of_employer[hires["employer_credit_code"].iloc[row]]))
        fair[row], posting[row] = postings["fair_id"].iloc[other], postings["posting_id"].iloc[other]
    said = np.where(is_silent, 1.0, rng.random(len(hires)))
    fair[said >= 0.82], posting[said >= 0.7] = None, None
    return hires.assign(source_fair_id=fair, source_posting_id=posting)
