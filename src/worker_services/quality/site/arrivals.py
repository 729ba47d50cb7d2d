"""What came in a night: one outcome for each batch that was expected, and the rows that were held, by reason."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from worker_services.briefing.language import N_
from worker_services.intervals import Interval
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.outcomes import Outcome
from worker_services.partners.registry import Partner, load_partners
from worker_services.seeds import read_seed
from worker_services.settings import Settings, partition

NO_OUTCOME = "none"
OUTCOMES = {
    "landed": (N_("已入库"), "good", N_("全部数据行符合数据契约，已进入数据区。")),
    "partly_quarantined": (
        N_("部分隔离"),
        "warn",
        N_("符合契约的行已进入数据区，不符合的行连同原因留在隔离区，改正后可再次报送。"),
    ),
    "rejected": (
        N_("整批退回"),
        "bad",
        N_("文件打不开、表头对不上、行数或校验值不符，或者严重检查未通过，整批未入库，须由单位重新报送。"),
    ),
    "missing": (N_("未送达"), "bad", N_("到采集时刻没有取到数据，或者连接不上单位的系统。以后各夜会自动再取七天。")),
    "unchanged": (N_("内容未变"), "good", N_("与已入库的批次逐字节相同，没有重复入库。")),
    NO_OUTCOME: (N_("没有结果"), "bad", N_("应报而没有任何记录，是本系统的故障，不是单位的问题，请数据组处理。")),
}
IN_STORE = ("landed", "partly_quarantined", "unchanged")


@dataclass(frozen=True)
class Arrival:
    """One expected batch of the night, and what became of it. Row counts are None where nothing could be counted.

    `interval` and `message` (in each language) are None where there is no outcome.
    """

    partner: str
    feed: str
    domain: str
    interval: Interval | None
    outcome: str
    message: dict[str, str] | None
    batch_id: str
    received: int | None
    accepted: int | None
    quarantined: int | None

    @property
    def is_balanced(self) -> bool | None:
        if self.received is None:
            return None
        return self.received == (self.accepted or 0) + (self.quarantined or 0)


@dataclass(frozen=True)
class Held:
    """Rows of one feed held for one reason, in the night's deliveries."""

    partner: str
    feed: str
    column_name: str
    rule: str
    dimension: str
    rows: int


def partners_in_order() -> list[Partner]:
    """Partners in the order of the report: by domain, then by name of file."""
    domains = [row["code"] for row in read_seed("code_lists/domains")]
    return sorted(load_partners().values(), key=lambda item: (domains.index(item.domain), item.partner))


def places() -> list[tuple[str, str]]:
    """Every feed of every partner, in the order of the report."""
    return [(partner.partner, feed) for partner in partners_in_order() for feed in partner.feeds]


def arrivals_of(settings: Settings, day: date) -> list[Arrival]:
    """What became of every batch whose interval ends with `day`; who has no outcome is there too."""
    return [arrival for partner, feed in places() for arrival in _arrivals(settings, partner, feed, day)]


def held_of(settings: Settings, arrivals: list[Arrival], day: date) -> list[Held]:
    """Reasons of the batches that stand and of those that were refused; superseded ones no longer count."""
    dimensions = {row["rule"]: row["dimension_zh"] for row in read_seed("rules/rules")}
    held = []
    for partner, feed in dict.fromkeys((arrival.partner, arrival.feed) for arrival in arrivals):
        here = [arrival for arrival in arrivals if (arrival.partner, arrival.feed) == (partner, feed)]
        standing = {arrival.batch_id for arrival in here}
        refused = any(arrival.outcome == "rejected" and not arrival.batch_id for arrival in here)
        counts: Counter[tuple[str, str]] = Counter()
        for path in sorted(partition(settings.quarantine, feed, partner, day).glob("*.parquet")):
            if path.stem in standing or refused:
                rows = {(row["row_number"], row["column_name"], row["rule"]) for row in quarantine.reasons(path)}
                counts.update((str(column), str(rule)) for _, column, rule in rows)
        for (column, rule), number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            held.append(Held(partner, feed, column, rule, dimensions[rule], number))
    return held


def _arrivals(settings: Settings, partner: str, feed: str, day: date) -> list[Arrival]:
    found = [item for item in outcomes.nights(settings, partner, feed) if item.interval.last_day == day]
    return [_arrival(settings, partner, feed, item) for item in found] or [_arrival(settings, partner, feed, None)]


def _arrival(settings: Settings, partner: str, feed: str, outcome: Outcome | None) -> Arrival:
    landed = batches.of_interval(settings, partner, feed, outcome.interval) if outcome else []
    manifest = landed[-1] if landed else None
    owner = load_partners()[partner]
    return Arrival(
        partner=partner,
        feed=feed,
        domain=owner.domain,
        interval=outcome.interval if outcome else None,
        outcome=outcome.outcome if outcome else NO_OUTCOME,
        message=_message(outcome, owner) if outcome else None,
        batch_id=manifest.batch_id if manifest else "",
        received=manifest.rows_received if manifest else None,
        accepted=manifest.rows_accepted if manifest else None,
        quarantined=manifest.rows_quarantined if manifest else None,
    )


def _message(outcome: Outcome, owner: Partner) -> dict[str, str]:
    """An outcome's message without the partner, feed and dates that it begins with; they have columns of their own."""
    in_chinese, in_english = outcome.message_zh, outcome.message_en
    return {
        "message_zh": in_chinese.split("：", 1)[-1] if in_chinese.startswith(owner.name) else in_chinese,
        "message_en": in_english.split(": ", 1)[-1] if in_english.startswith(owner.partner) else in_english,
    }
