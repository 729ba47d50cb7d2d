"""Workers in hardship of the synthetic year: who is on the register, and the relief handed out to them.

A log of the register holds one row a change like any other; `withdrawn` stands for leaving it.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.people import Workers
from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import BUSY_DAY, DAY, YEAR_END, YEAR_START, Days, as_day, busyness, spread

ON_REGISTER_AT_START = 1_910
COMERS_BY_DEMO, COMERS_AFTER = 520, 120
PAYMENTS_BY_DEMO, PAYMENTS_AFTER = 4_000, 900
_OFFICE_DAYS = busyness((1.1, 1.0, 1.0, 1.0, 1.0, 0.04, 0.02), holiday=0.02)
_CODES = np.array(ORGANISATION_CODES, object)
_CATEGORIES = np.array(["deep", "relative", "accidental"], object)
_GROUPS = np.array([None, "migrant", "front_line", "women", "new_employment"], object)
# By organisation, members in hardship against the city's average: most in the outlying counties.
_NEED = np.array([0.7, 1.1, 0.6, 1.2, 1.0, 1.3, 1.3, 1.5, 1.8, 1.5, 1.4, 0.8, 0.6, 0.3, 0.9, 0.4])
_NEVER = np.datetime64("2100-01-01")


def make_register(rng: np.random.Generator, workers: Workers) -> pd.DataFrame:
    """The log of the register: nearly two thousand at the start of the year, some six changes a working day."""
    count = ON_REGISTER_AT_START + COMERS_BY_DEMO + COMERS_AFTER
    is_old = np.arange(count) < ON_REGISTER_AT_START
    need = _NEED[workers.organisation]
    worker = rng.choice(len(need), count, replace=False, p=need / need.sum())
    age = rng.integers(20, 1_000, ON_REGISTER_AT_START).astype("timedelta64[D]")
    opened = np.concatenate([np.sort(YEAR_START - age), spread(rng, COMERS_BY_DEMO, COMERS_AFTER, _OFFICE_DAYS)])
    organisation = workers.organisation[worker]
    files = pd.DataFrame(
        {
            "register_no": [f"KN{number:06d}" for number in range(1, count + 1)],
            "worker_name": workers.name[worker],
            "worker_id": workers.citizen_id[worker],
            "organisation_code": _CODES[organisation],
            "hardship_category": rng.choice(_CATEGORIES, count, p=[0.34, 0.45, 0.21]),
            "registered_on": opened,
            "special_group": rng.choice(_GROUPS, count, p=[0.46, 0.2, 0.16, 0.12, 0.06]),
            "home_address": _addresses(rng, organisation),
        }
    )
    log = enter(rng, files, opened, hours=(9.0, 17.5), late=0.1, late_on_busy_day=2)
    left = _leaving_days(rng, log, is_old)
    back = left + rng.integers(20, 75, count).astype("timedelta64[D]")
    comes_back = (left < YEAR_END) & (rng.random(count) < 0.05) & (back < YEAR_END)
    goes = left < YEAR_END
    changed = _office_day_after(rng, log["_reported_at"].to_numpy())
    changes = (rng.random(count) < 0.22) & (changed < left) & (changed < YEAR_END)
    revised = updated(rng, log[changes], changed[changes], (9.0, 17.5))
    _revise(rng, revised)
    states = pd.concat([log, revised]).drop_duplicates("register_no", keep="last").sort_values("register_no")
    leaving = updated(rng, states[goes], left[goes], (9.0, 17.5))
    leaving = leaving.assign(record_status="withdrawn", _change="withdrawn")
    returning = updated(rng, states[comes_back].assign(registered_on=back[comes_back]), back[comes_back], (9.0, 17.5))
    settled = states[~goes]
    mistakes = amendments(rng, settled, _revise, corrected=0.02, withdrawn=0.0, on_busy_day=(2, 1))
    return pd.concat([log, revised, leaving, returning, mistakes])


def _leaving_days(rng: np.random.Generator, log: pd.DataFrame, is_old: NDArray[np.bool_]) -> Days:
    """When each leaves the register: a third of them within the year, two on the busy day of the demo."""
    days = np.where(rng.random(len(log)) < 0.37, _office_day_after(rng, log["_reported_at"].to_numpy()), _NEVER)
    days[rng.permutation(np.flatnonzero(is_old & (days == _NEVER)))[:2]] = BUSY_DAY
    return days


def _office_day_after(rng: np.random.Generator, moments: Days) -> Days:
    """A working day of the year at least a month after each moment; beyond the year where there is none."""
    days = spread(rng, len(moments), 0, _OFFICE_DAYS, end=YEAR_END)
    rng.shuffle(days)
    return np.where(days >= moments.astype("datetime64[D]") + 30 * DAY, days, _NEVER)


def _revise(rng: np.random.Generator, rows: pd.DataFrame) -> None:
    position = rows["hardship_category"].map(list(_CATEGORIES).index).to_numpy()
    rows["hardship_category"] = _CATEGORIES[(position + rng.integers(1, 3, len(rows))) % 3]
    moves = rng.random(len(rows)) < 0.3
    rows.loc[moves, "organisation_code"] = rng.choice(_CODES, int(moves.sum()))


def _addresses(rng: np.random.Generator, organisation: NDArray[np.int64]) -> list[str]:
    numbers = rng.integers(1, 400, (len(organisation), 3)).tolist()
    return [
        f"吉林省长春市{ORGANISATIONS[index].short_zh}演示路{street}号{house % 40 + 1}栋{door}室"
        for index, (street, house, door) in zip(organisation.tolist(), numbers, strict=True)
    ]


# Share of the year's relief, first day, day after the last, and how often it is goods.
_SEASONS = (
    (0.36, "2025-01-10", "2025-01-28", 0.55),  # before the Spring Festival
    (0.09, "2025-04-21", "2025-05-01", 0.30),
    (0.11, "2025-08-11", "2025-09-01", 0.05),  # school fees
    (0.22, "2025-09-15", "2025-10-01", 0.60),  # before Mid-Autumn and the National Day
)
_GOODS = np.array(["大米、食用油", "大米10kg;食用油5L", "棉被一床", "月饼礼盒", "米面油组合", "取暖煤"], object)
_GOODS_VALUE = np.array([180, 220, 260, 150, 320, 1_500])
_SUMS = np.array([500, 800, 1_000, 1_500, 2_000, 3_000, 5_000])


def make_relief(rng: np.random.Generator, workers: Workers, register: pd.DataFrame) -> pd.DataFrame:
    """The log of relief: mostly before holidays, to those then on the register; a few in an emergency to others."""
    ordinary = rng.random(PAYMENTS_BY_DEMO) >= sum(share for share, *_ in _SEASONS)
    days = spread(rng, int(ordinary.sum()), PAYMENTS_AFTER, _OFFICE_DAYS)
    goods_share = np.full(len(days), 0.2)
    shares = np.array([share for share, *_ in _SEASONS])
    season = rng.choice(len(_SEASONS), PAYMENTS_BY_DEMO - int(ordinary.sum()), p=shares / shares.sum())
    for number, (_, first, after, goods) in enumerate(_SEASONS):
        length = int((as_day(after) - as_day(first)).astype(int))
        in_season = as_day(first) + rng.integers(0, length, int((season == number).sum())).astype("timedelta64[D]")
        days = np.concatenate([days, in_season])
        goods_share = np.concatenate([goods_share, np.full(len(in_season), goods)])
    order = np.argsort(days, kind="stable")
    days, goods_share = days[order], goods_share[order]
    count = len(days)
    holder = _holders(rng, register, days)
    is_stranger = rng.random(count) < 0.06
    stranger = rng.choice(len(workers.citizen_id), count)
    files = register.drop_duplicates("register_no").reset_index(drop=True).iloc[holder].reset_index(drop=True)
    is_goods = rng.random(count) < goods_share
    kind = rng.integers(len(_GOODS), size=count)
    money = rng.choice(_SUMS, count, p=[0.2, 0.2, 0.25, 0.12, 0.13, 0.07, 0.03])
    nothing = np.full(count, None, object)
    payments = pd.DataFrame(
        {
            "payment_id": [f"JZ2025{number:05d}" for number in range(1, count + 1)],
            "register_no": np.where(is_stranger, nothing, files["register_no"].to_numpy(object)),
            "worker_id": np.where(is_stranger, workers.citizen_id[stranger], files["worker_id"]),
            "organisation_code": np.where(
                is_stranger, _CODES[workers.organisation[stranger]], files["organisation_code"]
            ),
            "relief_kind": np.where(is_goods, "goods", "money").astype(object),
            "amount_yuan": np.where(is_goods, _GOODS_VALUE[kind], money),
            "goods_name": np.where(is_goods, _GOODS[kind], nothing),
            "paid_on": days,
        }
    )
    log = enter(rng, payments, days, hours=(9.0, 18.0))

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["amount_yuan"] = rows["amount_yuan"] + rng.choice(np.array([50, 100, 200]), len(rows))

    return pd.concat([log, amendments(rng, log, correct, corrected=0.012, withdrawn=0.004, on_busy_day=(2, 1))])


def _holders(rng: np.random.Generator, register: pd.DataFrame, days: Days) -> NDArray[np.int64]:
    """For each day somebody who was on the register then: the first of twelve drawn who was."""
    first = register.drop_duplicates("register_no")
    left = register[register["_change"] == "withdrawn"].drop_duplicates("register_no").set_index("register_no")
    entered = first["_reported_at"].to_numpy()
    gone = left["_reported_at"].reindex(first["register_no"]).to_numpy()
    gone = np.where(np.isnat(gone), _NEVER, gone)
    drawn = rng.integers(len(first), size=(len(days), 12))
    is_there = (entered[drawn] <= days[:, None]) & (gone[drawn] > days[:, None])
    return np.asarray(drawn[np.arange(len(days)), is_there.argmax(axis=1)])
