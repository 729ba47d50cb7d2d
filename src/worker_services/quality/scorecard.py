"""The scorecard of a week, and the sheet that tells each partner what its own data cost it: counts, never a value.

reports/quality/scorecards/<week>/index.html is the city's, <partner>.html beside it the partner's own; the same in
English lies below reports/quality/en/.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from worker_services.audit.protected import enter_files
from worker_services.briefing.marts import Row, read_rows, reading
from worker_services.contracts import load_contract
from worker_services.intervals import Week
from worker_services.mailing import notices
from worker_services.partners.registry import load_partners
from worker_services.quality.site.layout import open_site, write_page
from worker_services.seeds import read_seed
from worker_services.settings import Settings
from worker_services.warehouse.publish import current

TREND_WEEKS = 13
OVERALL = "overall"


class NoScorecard(ValueError):
    """There is nothing to judge a week by; the message says what to do."""


@dataclass(frozen=True)
class Score:
    """0 to 100; `grade` 1 is the best of five. `change` is None where the week before has no score."""

    score: Decimal
    grade: int
    grade_zh: str
    change: Decimal | None


@dataclass(frozen=True)
class Lost:
    """What one cause took from a characteristic: `quantity` of `base` at fault."""

    feed: str
    feed_zh: str
    column: str
    column_zh: str
    characteristic: str
    characteristic_zh: str
    deduction: str
    deduction_zh: str
    cause_zh: str
    cause_en: str
    quantity: int
    base: int
    basis_zh: str
    points: Decimal
    overall_points: Decimal


@dataclass(frozen=True)
class Subject:
    """Whom scores are given to: the city, a partner, or a feed of a partner.

    `scores` by characteristic and over all; what there was nothing to judge by is left out. `trend` holds the whole of
    the last weeks, the week itself last, None for a week without a score. `lost`: the dearest first.
    """

    partner: str
    feed: str
    name_zh: str
    scores: dict[str, Score]
    trend: list[float | None]
    lost: list[Lost]


@dataclass(frozen=True)
class Scorecard:
    """`partners` stand in the order of the register, `feeds` by partner."""

    week: Week
    build_id: str
    is_demo: bool
    weeks: list[str]
    city: Subject
    partners: list[Subject]
    feeds: dict[str, list[Subject]]


def read_scorecard(settings: Settings, week: Week) -> Scorecard:
    """The scores of a week by the published build. Raises NoScorecard."""
    build = current(settings)
    if build is None:
        raise NoScorecard("nothing is published yet; run: worker-services warehouse build")
    first = Week.of(week.start)
    for _ in range(TREND_WEEKS - 1):
        first = first.previous()
    with reading(build.path) as database:
        scored = read_rows(
            database,
            f"select * from marts.rpt_quality_scorecard where week_id between '{first}' and '{week}' order by week_id",
        )
        lost = read_rows(
            database,
            f"select * from marts.rpt_quality_points_lost where week_id = '{week}' "
            "order by overall_points_lost desc, feed, characteristic_code, cause, column_name",
        )
    now = defaultdict[tuple[str, str, str], dict[str, Score]](dict)
    whole = defaultdict[tuple[str, str, str], dict[str, tuple[int, float]]](dict)
    for row in scored:
        place = _place(row)
        if row["characteristic_code"] == OVERALL:
            whole[place][row["week_id"]] = row["weight"], float(row["score"])
        if row["week_id"] == str(week):
            now[place][row["characteristic_code"]] = Score(row["score"], row["grade"], row["grade_zh"], row["change"])
    if not now:
        raise NoScorecard(f"build {build.build_id} has nothing to judge {week} by; ask for a week with deliveries")
    weeks = sorted({row["week_id"] for row in scored})
    causes = defaultdict[tuple[str, str, str], list[Lost]](list)
    for row in lost:
        causes[_place(row)].append(_lost(row))

    def subject(place: tuple[str, str, str], name_zh: str) -> Subject:
        weight, _ = whole[place][str(week)]  # a whole of other parts is not drawn on one line with this one
        scored_as_now = {each: value for each, (of, value) in whole[place].items() if of == weight}
        trend = [scored_as_now.get(each) for each in weeks]
        return Subject(place[1], place[2], name_zh, now[place], trend, causes[place])

    partners = {
        partner_id: partner for partner_id, partner in load_partners().items() if ("partner", partner_id, "") in now
    }
    return Scorecard(
        week=week,
        build_id=build.build_id,
        is_demo=settings.is_demo,
        weeks=weeks,
        city=subject(("city", "", ""), "全市"),
        partners=[subject(("partner", partner_id, ""), partner.name) for partner_id, partner in partners.items()],
        feeds={
            partner_id: [
                subject(("feed", partner_id, feed), load_contract(feed).label)
                for feed in partner.feeds
                if ("feed", partner_id, feed) in now
            ]
            for partner_id, partner in partners.items()
        },
    )


def render(settings: Settings, week: Week) -> Path:
    """Write the scorecard and every partner's sheet, in both editions; the same build gives the same bytes.

    Raises NoScorecard.
    """
    card = read_scorecard(settings, week)
    site, folder = open_site(settings), f"scorecards/{week}"
    characteristics, deductions = read_seed("quality/quality_characteristics"), read_seed("quality/quality_deductions")
    shared = {
        "card": card,
        "characteristics": characteristics,
        "by_code": {row["characteristic_code"]: row for row in characteristics},
        "grades": read_seed("quality/quality_grades"),
        "deductions": deductions,
        "by_deduction": {row["deduction"]: row for row in deductions},
    }
    files = write_page(site, f"{folder}/index.html", "scorecard.html.j2", lambda language: shared)
    office = notices.load_config(settings)
    for partner in card.partners:
        shown = shared | {"partner": partner, "feeds": card.feeds[partner.partner], "office": office}
        files += write_page(
            site,
            f"{folder}/{partner.partner}.html",
            "partner_sheet.html.j2",
            lambda language, shown=shown: shown,  # type: ignore[misc]
            crumbs=lambda language: [(str(week), f"{folder}/index.html")],
        )
    enter_files(settings, "quality.scorecard", str(week), files)
    return site.root / folder / "index.html"


def _place(row: Row) -> tuple[str, str, str]:
    return row["scope_type"], row["partner_id"], row["feed"]


def _lost(row: Row) -> Lost:
    feed = row["feed"]
    return Lost(
        feed=feed,
        feed_zh=load_contract(feed).label if feed else "",
        column=row["column_name"] or "",
        column_zh=load_contract(feed).label_of(row["column_name"]) if feed and row["column_name"] else "",
        characteristic=row["characteristic_code"],
        characteristic_zh=row["characteristic_zh"],
        deduction=row["deduction"],
        deduction_zh=row["deduction_zh"],
        cause_zh=row["cause_zh"],
        cause_en=row["cause_en"],
        quantity=row["quantity"],
        base=row["base"],
        basis_zh=row["basis_zh"],
        points=row["points_lost"],
        overall_points=row["overall_points_lost"],
    )
