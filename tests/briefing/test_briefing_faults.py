"""The page on the three faults: what it names, what it hides, and what the verifier makes of it."""

import csv
import io
import json
import shutil

import duckdb
import pypdfium2
import pytest
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.errors import FigureMismatch
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.pages import Page, read_page
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify
from worker_services.settings import Settings

HEADINGS = ["附件4三项问题监测", "（一）推进不平衡", "（二）服务质量有待提高", "（三）宣传力度不够"]
COUNTY_LAST = "select metric_id, scope_code from marts.rpt_fault_units where scope_type = 'county'"
THIS_WEEK = f"week_id = '{WEEK}'"


def ask(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(build_path(settings, BUILD_ID)), read_only=True) as connection:
        return connection.execute(query).fetchall()


def figures(settings: Settings) -> dict[str, dict]:
    record = json.loads(BriefingFiles.at(settings, WEEK, "city").figures_json.read_text(encoding="utf-8"))
    return {figure["id"]: figure for figure in record["figures"]}


def page_of_faults(settings: Settings) -> Page:
    document = pypdfium2.PdfDocument(BriefingFiles.at(settings, WEEK, "city").pdf)
    pages = [read_page(document, number) for number in range(len(document))]
    [found] = [page for page in pages if all(heading in page.text for heading in HEADINGS)]
    return found


def last_in(settings: Settings, metric: str) -> tuple[str, str]:
    """Code and short name of the very last unit."""
    return ask(
        settings,
        f"select scope_code, scope_short_name_zh from marts.rpt_fault_units where metric_id = '{metric}' "
        f"and scope_type = 'county' and {THIS_WEEK} order by rank_from_last, scope_code limit 1",
    )[0]


def test_the_page_shows_each_fault_with_its_figures(issue):
    page = page_of_faults(issue)
    at = [page.text.index(heading) for heading in HEADINGS]
    assert at == sorted(at)
    bookmarks = [
        item.get_title().replace(" ", "")
        for item in pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf).get_toc()
    ]
    assert set(HEADINGS) <= set(bookmarks)
    here = {figure for figure, row in figures(issue).items() if page.number in row["pages"]}
    printed = {figure for figure in here if not figure.startswith("action/")}  # the next annex begins on the page
    wanted = {
        *(
            f"{metric}/city/220100/{WEEK}/{column}"
            for (metric,) in ask(issue, f"select metric_id from marts.rpt_fault_weekly where {THIS_WEEK}")
            for column in ("value", "change", "cumulative_value")
        ),
        *(
            f"fault_last/county/{metric}.{code}/{WEEK}/cumulative_value"
            for metric, code in ask(issue, f"{COUNTY_LAST} and {THIS_WEEK}")
        ),
        *(
            f"uneven/league/{metric}.county/{WEEK}/{column}"
            for (metric,) in ask(issue, f"select metric_id from marts.rpt_uneven_progress where {THIS_WEEK}")
            for column in ("units_shown", "coefficient_of_variation", "coefficient_of_variation_change")
        ),
        *(
            f"uneven_last/county/{metric}.{code}/{WEEK}/progress"
            for metric, code in ask(
                issue, f"select metric_id, scope_code from marts.rpt_uneven_progress_units where {THIS_WEEK}"
            )
        ),
    }
    assert len(wanted) > 80
    assert printed == wanted
    rows = csv.DictReader(io.StringIO(BriefingFiles.at(issue, WEEK, "city").figures_csv.read_text("utf-8-sig")))
    assert wanted <= {row["id"] for row in rows}


def test_the_page_says_a_rate_an_average_and_a_coefficient_in_their_ways(house):
    here = f"{THIS_WEEK} and metric_id"
    settings = house(
        [
            f"update marts.rpt_metric_weekly set value = 0.0689655, change = 0.02849, cumulative_value = 0.06594 "
            f"where scope_type = 'city' and {here} = 'no_show_rate'",
            f"update marts.rpt_metric_weekly set value = 7.89947, change = -1.19832, cumulative_value = 5.30620 "
            f"where scope_type = 'city' and {here} = 'average_waiting_days'",
        ],
        afterwards=[
            "update marts.rpt_uneven_progress set coefficient_of_variation = 0.3414, "
            f"coefficient_of_variation_change = -0.0006 where {here} = 'vouchers_issued'",
            f"update marts.rpt_uneven_progress set coefficient_of_variation_change = null where {here} = 'job_fairs'",
        ],
    )
    render(settings, WEEK, "city", BUILD_ID)
    verify(settings, WEEK, "city")
    text = page_of_faults(settings).text
    assert "预约爽约率%6.9%+2.86.6%" in text
    assert "平均预约等候天数天7.9−1.25.3" in text
    assert "发放健康服务券160.341−0.001" in text
    missing = figures(settings)[f"uneven/league/job_fairs.county/{WEEK}/coefficient_of_variation_change"]
    assert (missing["printed"], missing["value"]) == ("—", "")
    assert "不可比" in missing["reason"]


def test_metrics_that_only_this_page_prints_are_explained(issue):
    page = page_of_faults(issue)
    explained = {link.target: link.leads_to_page for link in page.links if link.target.startswith("d-")}
    assert {"d-no_show_rate", "d-average_waiting_days", "d-publicity_reach", "d-uneven"} <= set(explained)
    assert min(explained.values()) > page.number


def test_a_hidden_unit_stays_hidden(issue, house):
    code, name = last_in(issue, "no_show_rate")
    settings = house(
        [
            "update marts.rpt_metric_weekly set value = null, change = null, cumulative_value = null, "
            f"is_suppressed = true where metric_id = 'no_show_rate' and scope_code in ('{code}', '220100')"
        ]
    )
    render(settings, WEEK, "city", BUILD_ID)
    verify(settings, WEEK, "city")
    shown = figures(settings)
    assert f"fault_last/county/no_show_rate.{code}/{WEEK}/cumulative_value" in figures(issue)
    assert f"fault_last/county/no_show_rate.{code}/{WEEK}/cumulative_value" not in shown
    assert shown[f"no_show_rate/city/220100/{WEEK}/cumulative_value"]["printed"] == "＊"
    text = page_of_faults(settings).text
    assert "预约爽约率%＊＊＊" in text
    assert name not in text[text.index("预约爽约率") : text.index("平均预约等候天数")]


def test_a_hidden_unit_that_a_mart_names_all_the_same_is_caught(issue, house):
    code, _ = last_in(issue, "no_show_rate")
    settings = house(
        afterwards=[
            "update marts.rpt_metric_weekly set value = null, cumulative_value = null, is_suppressed = true "
            f"where metric_id = 'no_show_rate' and scope_code = '{code}'"
        ]
    )
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(FigureMismatch) as caught:
        verify(settings, WEEK, "city")
    assert caught.value.figure == f"fault_last/county/no_show_rate.{code}/{WEEK}/cumulative_value"
    assert caught.value.expected == "＊"


def test_a_week_without_anything_to_compare_says_so(house):
    settings = house(
        afterwards=[
            f"delete from marts.{table} where {THIS_WEEK}"
            for table in ("rpt_uneven_progress", "rpt_uneven_progress_units", "rpt_fault_weekly", "rpt_fault_units")
        ]
    )
    render(settings, WEEK, "city", BUILD_ID)
    verify(settings, WEEK, "city")
    text = page_of_faults(settings).text
    assert "本周没有可供比较的县（市、区）目标完成数据。" in text
    assert "本周没有服务质量方面的指标数据。" in text
    assert "本周没有宣传力度方面的指标数据。" in text


@pytest.mark.parametrize(
    ("change", "figure", "reason"),
    [
        (
            "update marts.rpt_uneven_progress set coefficient_of_variation = coefficient_of_variation + 1 "
            "where metric_id = 'vouchers_issued'",
            "uneven/league/vouchers_issued.county",
            "the text at its place",
        ),
        (
            "update marts.rpt_uneven_progress_units set progress = progress + 1 where metric_id = 'positions_offered'",
            "uneven_last/county/positions_offered.",
            "the text at its place",
        ),
        (
            "update marts.rpt_fault_units set cumulative_value = cumulative_value + 1 "
            "where metric_id = 'complaints' and scope_type = 'county'",
            "fault_last/county/complaints.",
            "the text at its place",
        ),
        (
            "update marts.rpt_fault_weekly set value = value + 1 where metric_id = 'complaints'",
            "complaints/city/220100",
            "the two marts that state it differ",
        ),
        (
            "delete from marts.rpt_fault_units where metric_id = 'complaints' and rank_from_last = 1 "
            "and scope_type = 'county'",
            "fault_last/county/complaints.",
            "no mart holds such a figure",
        ),
        (
            "insert into marts.rpt_fault_units select * replace ('another' as scope_code, 1 as rank_from_last) "
            "from marts.rpt_fault_units where metric_id = 'average_waiting_days' and rank_from_last = 1 "
            "and scope_type = 'county'",
            "fault_last of average_waiting_days",
            "the list of its last units",
        ),
    ],
)
def test_a_mart_that_differs_from_the_page_is_caught(issue, tmp_path, change, figure, reason):
    shutil.copytree(issue.data_root, tmp_path / "data")
    settings = Settings(issue.project_root, tmp_path / "data", issue.reports_root)
    with duckdb.connect(str(build_path(settings, BUILD_ID))) as connection:
        connection.execute(change)
    with pytest.raises(FigureMismatch, match=reason) as caught:
        verify(settings, WEEK, "city")
    assert caught.value.figure.startswith(figure)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        pytest.param(
            '{{ say(name) }}{{ gap }}{{ fig(cell, "list") }}',
            '{{ fig(cell, "list") }}{{ gap }}{{ say(name) }}',
            "the words before it name another",
            id="value before its unit",
        ),
        pytest.param("居后单位及其累计", "居后单位及其本周", "its list is headed", id="another column"),
        pytest.param("<td>{{ last(row.last) }}", "<td>{{ last(rows[0].last) }}", "another metric", id="another row"),
        pytest.param(
            "for name, cell in units %}", "for name, cell in units[1:] %}", "the list of its last", id="worst left out"
        ),
    ],
)
def test_a_template_that_lies_about_the_last_units_is_caught(own_templates, old, new, reason):
    settings = own_templates("tables.html.j2", old, new)
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(FigureMismatch, match=reason):
        verify(settings, WEEK, "city")
