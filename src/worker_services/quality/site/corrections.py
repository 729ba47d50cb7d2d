"""What was set right after it was delivered, by whom, and which figures it touches."""

from collections.abc import Iterable
from dataclasses import dataclass

from worker_services.audit import ledger
from worker_services.briefing.language import N_, Language
from worker_services.briefing.marts import read_rows, reading
from worker_services.contracts import contract_feeds, load_contract
from worker_services.landing.corrections import load as load_register
from worker_services.metrics import counted_from
from worker_services.quality.site.layout import Site, in_chinese, local_time
from worker_services.quality.site.names import feed_name, partner_name

WAYS = {
    "register": N_("更正登记表"),
    "release": N_("隔离行放行"),
    "correct": N_("隔离行更正"),
    "reject": N_("隔离行不予采用"),
    "redelivery": N_("单位重新报送"),
}


@dataclass(frozen=True)
class Corrected:
    """One thing set right. `figures` are ids of metrics counted from the feed; `entry` is a number of the ledger."""

    way: str
    when: str
    by: str
    partner: str
    feed: str
    what: str
    reason: str
    state: str
    figures: tuple[str, ...]
    entry: int | None


def collect(site: Site, language: Language, entries: Iterable[ledger.Entry]) -> list[Corrected]:
    """Everything that was corrected, as the register, the ledger and the published build say; the newest first."""
    found = [*_register(site, language), *_decided(language, entries), *_redelivered(site, language)]
    return sorted(found, key=lambda item: item.when, reverse=True)


def _register(site: Site, language: Language) -> list[Corrected]:
    needed = {}
    if site.build:
        with reading(site.build.path) as database:
            needed = {row["id"]: row["is_needed"] for row in read_rows(database, "select * from landing.corrections")}
    found = []
    for item in load_register():
        column = load_contract(item.feed).label_of(item.column, language.code) if item.column else ""
        what = (
            language.gettext("不计入 {key}").format(key=", ".join(map(str, item.key.values())))
            if item.action == "drop"
            else language.gettext("{key}的“{column}”由{was}改为{becomes}").format(
                key=", ".join(map(str, item.key.values())), column=column, was=item.was, becomes=item.becomes
            )
        )
        state = {True: N_("有效"), False: N_("来源已改正，应当撤销"), None: N_("下次构建时生效")}[needed.get(item.id)]
        found.append(
            Corrected(
                way=_called(language, "register"),
                when=item.recorded_on.isoformat(),
                by=item.recorded_by,
                partner=partner_name(language, item.partner),
                feed=feed_name(language, item.feed),
                what=what,
                reason=in_chinese(language, f"{item.reason}（{item.provider}）"),
                state=language.gettext(state),
                figures=counted_from(item.feed),
                entry=None,
            )
        )
    return found


def _decided(language: Language, entries: Iterable[ledger.Entry]) -> list[Corrected]:
    """What people decided about held rows. A batch's id begins with its partner and feed."""
    found = []
    for entry in entries:
        way = entry.action.removeprefix("quarantine.")
        if not entry.action.startswith("quarantine.") or way not in ("release", "correct", "reject"):
            continue
        partner, feed = _place(entry.subject)
        columns = [load_contract(feed).label_of(name, language.code) for name in entry.details["columns"] if feed]
        rows = language.gettext("第 {rows} 行").format(rows=entry.details["rows"])
        what = f"{rows}（{'、'.join(columns)}）" if columns and language.code == "zh" else rows
        if columns and language.code != "zh":
            what = f"{rows} ({', '.join(columns)})"
        found.append(
            Corrected(
                way=_called(language, way),
                when=local_time(entry.time),
                by=in_chinese(language, entry.actor),
                partner=partner_name(language, partner),
                feed=feed_name(language, feed) if feed else entry.subject,
                what=what,
                reason=in_chinese(language, entry.details["reason"]),
                state="",
                figures=counted_from(feed) if feed else (),
                entry=entry.seq,
            )
        )
    return found


def _redelivered(site: Site, language: Language) -> list[Corrected]:
    """Batches that took the place of an earlier one of the same interval."""
    if not site.build:
        return []
    with reading(site.build.path) as database:
        rows = read_rows(
            database,
            """
            select
                *,
                lag(rows_accepted) over each_interval as accepted_before
            from landing.batches
            where supplements is null
            window each_interval as (
                partition by partner, feed, interval_start, interval_end order by landed_at, batch_id
            )
            qualify row_number() over each_interval > 1
            """,
        )
    return [
        Corrected(
            way=_called(language, "redelivery"),
            when=local_time(row["landed_at"]),
            by=partner_name(language, row["partner"]),
            partner=partner_name(language, row["partner"]),
            feed=feed_name(language, row["feed"]),
            what=language.gettext("{start} 至 {end} 重新报送，入库由 {before} 行变为 {now} 行").format(
                start=row["interval_start"], end=_last_day(row), before=row["accepted_before"], now=row["rows_accepted"]
            ),
            reason="",
            state="",
            figures=counted_from(row["feed"]),
            entry=None,
        )
        for row in rows
    ]


def _called(language: Language, way: str) -> str:
    return language.gettext(WAYS[way])


def _place(batch_id: str) -> tuple[str, str]:
    """Partner and feed of a batch, by its id; no feed where it is none of today's."""
    partner, _, rest = batch_id.partition("-")
    feed = rest.split("-", 1)[0]
    return partner, feed if feed in contract_feeds() else ""


def _last_day(row: dict[str, object]) -> str:
    from worker_services.intervals import Interval

    return Interval(row["interval_start"], row["interval_end"]).last_day.isoformat()  # type: ignore[arg-type]
