"""Exceptions in force: everything that is excused somewhere, with the reason, since when, and by whom."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker_services.audit import ledger
from worker_services.briefing.language import Language
from worker_services.briefing.marts import Row, read_rows, reading
from worker_services.contracts import contract_feeds
from worker_services.landing.corrections import REGISTER
from worker_services.landing.corrections import load as load_register
from worker_services.mailing.approvals import ANSWERS
from worker_services.quality.checks import batch_checks
from worker_services.quality.site import conventions
from worker_services.quality.site.layout import Site, in_chinese, local_time, write_page
from worker_services.quality.site.names import feed_name, partner_name
from worker_services.quality.site.texts import check_text
from worker_services.quality.suites import suites_folder
from worker_services.seeds import read_seed

PATH = "exceptions.html"


@dataclass(frozen=True)
class Excused:
    """One exception. `since` and `by` come from git or from the ledger; empty where neither knows (no git at hand)."""

    what: str
    reason: str
    since: str
    by: str
    source: str


@dataclass(frozen=True)
class Kind:
    """All exceptions of a kind in force; `rule` says what holds for them. None at all is said as well."""

    key: str
    name: str
    rule: str
    excused: list[Excused]


def write(site: Site, entries: Sequence[ledger.Entry]) -> list[Path]:
    """Write the page in both editions."""
    return write_page(
        site, PATH, "exceptions.html.j2", lambda language: {"kinds": collect(site, language, entries)}, section=PATH
    )


def collect(site: Site, language: Language, entries: Sequence[ledger.Entry]) -> list[Kind]:
    """Every kind of exception that there can be, and those in force."""
    _ = language.gettext
    made: list[tuple[str, str, str, Callable[[], list[Excused]]]] = [
        (
            "held",
            _("隔离未处理的行"),
            _("不符合数据标准的行，不计入任何指标，等候放行、更正或者重新报送。"),
            lambda: _held(site, language, entries),
        ),
        (
            "waived",
            _("放行时免于检查的行"),
            _("由人放行并写明理由的行；所免的规则列在理由之前。"),
            lambda: _waived(language, entries),
        ),
        (
            "corrections",
            _("更正登记表中有效的更正"),
            _("单位不能改正、由本会更正后计数的记录；来源改正后即予撤销。"),
            lambda: _corrections(site, language),
        ),
        (
            "confirmed",
            _("经确认的变化"),
            _("检查发现与以往不同、经责任人确认属实的，自确认之日起只与其后的批次比较。"),
            lambda: _confirmed(site, language),
        ),
        (
            "skipped",
            _("不适用的检查"),
            _("最近一夜因历史不足、节假日等原因没有进行的检查。没有进行的，不算通过。"),
            lambda: _skipped(site, language),
        ),
        (
            "approved",
            _("由人审核放行的简报"),
            _("经发送前核查须由人审核、审核人同意发送的简报。每项同意只对当时的数据版本和文件有效。"),
            lambda: _approved(language, entries),
        ),
        (
            "suppressed",
            _("不公布的数"),
            _("涉及1至4人的数，以及可据以推算的数，不予公布，以“＊”代替。"),
            lambda: _suppressed(site, language),
        ),
        (
            "conventions",
            _("数据模型不守的惯例"),
            _("数据模型所守的惯例逐夜检查；下列模型有理由不守其中一条。理由不再成立的，检查不通过。"),
            lambda: [
                Excused(f"{each.model} · {each.rule}", each.reason, each.since, each.by, _source(site, each.file))
                for each in conventions.excused(site.settings)
            ],
        ),
    ]
    return [Kind(key, name, rule, find()) for key, name, rule, find in made]


def _held(site: Site, language: Language, entries: Sequence[ledger.Entry]) -> list[Excused]:
    """By feed of a partner: rows of the deliveries that stand, less those that came in or were turned down since."""
    if not site.build:
        return []
    rejected = [
        (entry.subject, _rows_named(entry.details["rows"])) for entry in entries if entry.action == "quarantine.reject"
    ]
    with reading(site.build.path) as database:
        rows = read_rows(
            database,
            """
            with deliveries as (
                select *
                from landing.batches
                where supplements is null
                qualify row_number() over (
                    partition by partner, feed, interval_start, interval_end order by landed_at desc, batch_id desc
                ) = 1
            ),
            supplemented as (
                select supplements as batch_id, sum(rows_accepted) as rows
                from landing.batches
                where supplements is not null
                group by supplements
            )
            select
                deliveries.partner,
                deliveries.feed,
                deliveries.batch_id,
                deliveries.landed_at,
                deliveries.rows_quarantined - coalesce(supplemented.rows, 0) as held
            from deliveries
            left join supplemented using (batch_id)
            order by deliveries.partner, deliveries.feed, deliveries.landed_at
            """,
        )
    held: dict[tuple[str, str], list[tuple[int, Row]]] = {}
    for row in rows:
        left = int(row["held"]) - sum(number for batch_id, number in rejected if batch_id == row["batch_id"])
        if left > 0:
            held.setdefault((row["partner"], row["feed"]), []).append((left, row))
    return [
        Excused(
            what=f"{partner_name(language, partner)} · {feed_name(language, feed)}",
            reason=language.gettext("{rows} 行，分属 {batches} 个批次").format(
                rows=f"{sum(number for number, _ in found):,}", batches=len(found)
            ),
            since=local_time(found[0][1]["landed_at"]),
            by="",
            source=f"worker-services quarantine list --partner {partner} --feed {feed}",
        )
        for (partner, feed), found in held.items()
    ]


def _waived(language: Language, entries: Sequence[ledger.Entry]) -> list[Excused]:
    rules = {row["rule"]: row[f"rule_{language.code}"] for row in read_seed("rules/rules")}
    return [
        Excused(
            what=language.gettext("批次 {batch} 第 {rows} 行").format(batch=entry.subject, rows=entry.details["rows"]),
            reason=", ".join(rules.get(rule, rule) for rule in entry.details["waived"]) + ": " + entry.details["reason"]
            if language.code == "zh"
            else in_chinese(language, entry.details["reason"]),
            since=local_time(entry.time),
            by=in_chinese(language, entry.actor),
            source=_entry(language, entry),
        )
        for entry in entries
        if entry.action == "quarantine.release" and entry.details.get("waived")
    ]


def _corrections(site: Site, language: Language) -> list[Excused]:
    return [
        Excused(
            what=f"{partner_name(language, item.partner)} · {feed_name(language, item.feed)} · {item.id}",
            reason=in_chinese(language, f"{item.reason}（{item.provider}）"),
            since=item.recorded_on.isoformat(),
            by=item.recorded_by,
            source=_source(site, REGISTER),
        )
        for item in load_register()
    ]


def _confirmed(site: Site, language: Language) -> list[Excused]:
    folder = suites_folder(site.settings)
    found = []
    for feed in contract_feeds():
        for check in batch_checks(feed, folder):
            if check.figure and check.figure.confirmed_since:
                file = folder / f"{check.suite}.yaml"
                found.append(
                    Excused(
                        what=check_text(language, check.what, feed),
                        reason=check_text(language, check.why, feed),
                        since=check.figure.confirmed_since.isoformat(),
                        by=conventions.last_author(file),
                        source=f"{_source(site, file)} · {check.check_id}",
                    )
                )
    return found


def _skipped(site: Site, language: Language) -> list[Excused]:
    """Of the last night that was checked, by check and reason."""
    nights = sorted({path.name for path in site.settings.quality.glob("feed=*/partner=*/date=*")})
    if not nights:
        return []
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(site.settings.quality.glob(f"feed=*/partner=*/{nights[-1]}/*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        place = f"{partner_name(language, document['partner'])} · {feed_name(language, document['feed'])}"
        for item in document["not_applicable"]:
            what, reason = (check_text(language, item[name], document["feed"]) for name in ("what", "reason"))
            found.setdefault((f"{place}: {what}", reason), []).append(item["check_id"])
    return [
        Excused(
            what=in_chinese(language, what),
            reason=reason,
            since=nights[-1].removeprefix("date="),
            by="",
            source=", ".join(sorted(set(checks))),
        )
        for (what, reason), checks in found.items()
    ]


def _approved(language: Language, entries: Sequence[ledger.Entry]) -> list[Excused]:
    """The last answer about an issue, where that let it out."""
    last = {entry.subject: entry for entry in entries if entry.action in ANSWERS}
    return [
        Excused(
            what=entry.subject,
            reason=in_chinese(language, entry.details["reason"]),
            since=local_time(entry.time),
            by=in_chinese(language, entry.actor),
            source=_entry(language, entry),
        )
        for entry in last.values()
        if ANSWERS[entry.action] == "approved"
    ]


def _suppressed(site: Site, language: Language) -> list[Excused]:
    if not site.build:
        return []
    with reading(site.build.path) as database:
        (row,) = read_rows(
            database,
            "select count(*) as cells, count(*) filter (is_suppressed) as suppressed from marts.rpt_metric_weekly",
        )
    return [
        Excused(
            what=language.gettext("现行构建的指标周表"),
            reason=language.gettext("{suppressed} 个数不公布，共 {cells} 个").format(
                suppressed=f"{row['suppressed']:,}", cells=f"{row['cells']:,}"
            ),
            since=local_time(site.build.as_of),
            by="",
            source="docs/decisions/0006-personal-data.md",
        )
    ]


def _rows_named(text: str) -> int:
    """How many rows '3-5, 9' names."""
    spans = [part.strip().partition("-") for part in text.split(",") if part.strip()]
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans)


def _entry(language: Language, entry: ledger.Entry) -> str:
    return language.gettext("台账第 {number} 号").format(number=entry.seq)


def _source(site: Site, file: Path) -> str:
    return file.relative_to(site.settings.project_root).as_posix()
