"""Promotion meetings and publicity of the synthetic year: what was decided and how it stands; what was published."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulators.register import amendments, enter, updated
from simulators.vocabulary import ORGANISATION_CODES, ORGANISATIONS
from simulators.year import DAY, NO_DAY, YEAR_END, as_day, busyness, spread

FIRST_MEETING = as_day("2025-02-21")  # a Friday, and every second Friday from then on
ITEMS_BY_DEMO, ITEMS_AFTER = 400, 100
_CODES = np.array(ORGANISATION_CODES, object)
_DEPARTMENTS = {
    "health": "女职工部",
    "employment": "劳动和经济工作部",
    "rights": "权益保障部",
    "hardship": "权益保障部",
    "leadership": "宣传教育部",
}
_TASKS = {
    "health": ("提高健康服务券核销率", "增加乡镇义诊场次", "压缩体检预约等候时间", "组织一线职工专项检查"),
    "employment": ("加开电工焊工培训班", "落实秋季招聘会岗位", "核实培训到课人数", "推进创业担保贷款对接"),
    "rights": ("集中化解欠薪争议", "补签集体合同", "督促重大隐患整改", "回访重复调解案件"),
    "hardship": ("开展困难职工入户核查", "落实节前送温暖", "完善动态管理台账"),
    "leadership": ("加强基层宣传推送", "建立部门周调度机制", "通报进度滞后单位"),
}


def make_actions(rng: np.random.Generator) -> pd.DataFrame:
    """The log of actions: three or four a meeting, most done in time, a few late or still open past their day."""
    meetings = np.arange(FIRST_MEETING, YEAR_END, 14 * DAY)
    meetings = np.repeat(meetings, rng.integers(3, 5, len(meetings)))
    count = len(meetings)
    domains = np.array(list(_TASKS), object)
    domain = rng.choice(domains, count, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    lag = np.array([2.2 - o.health for o in ORGANISATIONS])  # who lags is given more to do
    owner = rng.choice(len(ORGANISATIONS), count, p=lag / lag.sum())
    has_union = rng.random(count) < 0.7
    actions = pd.DataFrame(
        {
            "action_id": [f"Y2025{number:04d}" for number in range(1, count + 1)],
            "meeting_date": meetings,
            "title": [
                f"{_TASKS[name][int(rng.integers(len(_TASKS[name])))]}"
                + (f"（{ORGANISATIONS[index].short_zh}）" if of_union else "")
                for name, index, of_union in zip(domain.tolist(), owner.tolist(), has_union.tolist(), strict=True)
            ],
            "domain": domain,
            "owner_organisation_code": np.where(has_union, _CODES[owner], np.full(count, None, object)),
            "owner_department": np.array([_DEPARTMENTS[name] for name in domain.tolist()], object),
            "due_on": meetings + rng.choice(np.array([14, 28, 42]), count).astype("timedelta64[D]"),
            "completed_on": np.full(count, NO_DAY),
            "action_state": np.full(count, "open", object),
        }
    )
    log = enter(rng, actions, meetings, hours=(14.0, 18.0), late=0.05, late_on_busy_day=1)
    entered = log["_reported_at"].to_numpy().astype("datetime64[D]")
    started = entered + rng.integers(2, 9, count).astype("timedelta64[D]")
    begun = updated(rng, log.assign(action_state="in_progress"), started, (9.0, 18.0))
    time_taken = actions["due_on"].to_numpy() - meetings
    ended = meetings + (time_taken * np.clip(rng.normal(0.85, 0.25, count), 0.3, 2.5)).astype("timedelta64[D]")
    ended = np.maximum(ended, started + DAY)
    chance = rng.random(count)
    is_done, is_cancelled = chance < 0.86, chance > 0.97
    done = begun.assign(action_state="done", completed_on=ended)[is_done]
    cancelled = begun.assign(action_state="cancelled")[is_cancelled]
    ends = [updated(rng, done, ended[is_done], (9.0, 18.0)), updated(rng, cancelled, ended[is_cancelled], (9.0, 18.0))]

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["due_on"] = rows["due_on"].to_numpy() + np.timedelta64(7, "D")

    states = pd.concat([log, begun, *ends]).drop_duplicates("action_id", keep="last").sort_values("action_id")
    amended = amendments(rng, states, correct, corrected=0.03, withdrawn=0.01, on_busy_day=(1, 1))
    return pd.concat([log, begun, *ends, amended])


_CHANNELS = np.array(["wechat", "website", "newspaper", "television", "poster"], object)
_USUAL_REACH = np.array([1_800.0, 700.0, 9_000.0, 15_000.0, 300.0])
_PLACES = ("一线车间", "快递网点", "建筑工地", "商圈楼宇", "工会驿站", "产业园区", "公交场站", "社区院落")
_HEADLINES = (
    "“幸福汇·汇健康”来了",
    "招聘岗位送上门",
    "技能培训开新班",
    "调解员上门解心结",
    "送温暖到身边",
    "名医义诊进现场",
    "集体合同签下来",
)


def make_publicity(rng: np.random.Generator) -> pd.DataFrame:
    """The log of publicity: few items and little reach where the programme lags; reach is counted again a week on."""
    weights = busyness((1.0, 1.1, 1.0, 1.1, 1.2, 0.5, 0.4))
    days = spread(rng, ITEMS_BY_DEMO, ITEMS_AFTER, weights)
    count = len(days)
    keen = np.array([o.health**1.6 * o.members**0.5 for o in ORGANISATIONS])
    organisation = rng.choice(len(ORGANISATIONS), count, p=keen / keen.sum())
    channel = rng.choice(len(_CHANNELS), count, p=[0.5, 0.24, 0.09, 0.05, 0.12])
    readers = np.array([o.members for o in ORGANISATIONS])[organisation] / 6
    final = _USUAL_REACH[channel] * readers * rng.lognormal(0, 0.7, count)
    place, headline = rng.integers(len(_PLACES), size=count), rng.integers(len(_HEADLINES), size=count)
    items = pd.DataFrame(
        {
            "item_id": [f"X2025{number:04d}" for number in range(1, count + 1)],
            "published_on": days,
            "channel": _CHANNELS[channel],
            "organisation_code": _CODES[organisation],
            "title": [
                f"{ORGANISATIONS[index].short_zh}{_PLACES[where]}：{_HEADLINES[what]}"
                for index, where, what in zip(organisation.tolist(), place.tolist(), headline.tolist(), strict=True)
            ],
            "reach": _counted(final * rng.uniform(0.2, 0.6, count)),
        }
    )
    log = enter(rng, items, days, hours=(9.0, 20.0), late=0.08, late_on_busy_day=2)
    week_on = days + 7 * DAY
    is_recounted = (rng.random(count) < 0.6) & (channel < 2) & (week_on < YEAR_END)
    recounted = updated(rng, log.assign(reach=_counted(final))[is_recounted], week_on[is_recounted], (8.0, 9.0))
    states = pd.concat([log, recounted]).drop_duplicates("item_id", keep="last").sort_values("item_id")

    def correct(rng: np.random.Generator, rows: pd.DataFrame) -> None:
        rows["reach"] = rows["reach"] + rng.integers(10, 200, len(rows))

    amended = amendments(rng, states, correct, corrected=0.02, withdrawn=0.01, on_busy_day=(2, 1))
    return pd.concat([log, recounted, amended])


def _counted(reach: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.maximum(reach, 1).astype(np.int64))
