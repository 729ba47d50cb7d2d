import pytest
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.charts import nice_ticks, spread
from worker_services.briefing.config import load_config
from worker_services.briefing.errors import BriefingError, NoPublishedBuild, UnknownEdition, WeekNotCovered
from worker_services.briefing.figures import Figure
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import Briefing, read_briefing
from worker_services.intervals import Week
from worker_services.settings import Settings

CITY_ROW = "scope_type = 'city' and week_id = '2025-W43' and metric_id"


def read(settings: Settings, week: Week = WEEK, edition: str = "city") -> Briefing:
    return read_briefing(build_path(settings, BUILD_ID), load_config(settings), edition, week)


def words(briefing: Briefing) -> str:
    return "\n".join(
        paragraph.lead + "".join(p.printed if isinstance(p, Figure) else p for s in paragraph.sentences for p in s)
        for section in briefing.sections
        for paragraph in section.paragraphs
    )


def test_the_header_names_issue_week_and_day(issue):
    briefing = read(issue)
    assert (briefing.issue, str(briefing.issued_on)) == (22, "2025-10-27")
    assert briefing.document_title == "关于全市工会服务职工实事项目2025年第43周推进情况的通报"


def test_a_figure_knows_where_it_comes_from(issue):
    figure = read(issue).book.metric("mediation_success_rate", "cumulative_value")
    assert figure.id == "mediation_success_rate/city/220100/2025-W43/cumulative_value"
    assert figure.printed == f"{float(figure.value) * 100:.1f}%"


def test_sentences_say_change_pace_and_who_lags(house):
    text = words(
        read(
            house(
                [
                    f"update marts.rpt_metric_weekly set value = 1203, change = 85, cumulative_value = 31204, "
                    f"completion_rate = 0.8915, expected_share = 0.6958, pace_gap = 0.1957 "
                    f"where {CITY_ROW} = 'vouchers_issued'",
                    f"update marts.rpt_metric_weekly set change = -0.0201, value = 0.7654, status_code = 'behind', "
                    f"status_zh = '滞后', cumulative_value = 0.7777 where {CITY_ROW} = 'mediation_success_rate'",
                ]
            )
        )
    )
    assert (
        "发放健康服务券本周1,203张，比上周增加85张，累计31,204张，完成率89.2%，"
        "高于序时进度19.6个百分点，进度正常。" in text
    )
    assert "本周76.5%，比上周下降2.0个百分点，累计77.8%，年度目标为不低于80.0%，进度滞后。" in text
    assert "调解成功率（累计77.8%，年度目标80.0%）" in text


def test_a_change_that_rounds_to_nothing_is_no_change(house):
    text = words(
        read(
            house([f"update marts.rpt_metric_weekly set change = -0.0004 where {CITY_ROW} = 'mediation_success_rate'"])
        )
    )
    assert "与上周持平，累计" in text
    assert "下降0.0" not in text


def test_league_ranks_units_and_names_the_idle(house):
    text = words(
        read(
            house(
                [
                    "update marts.rpt_metric_weekly set cumulative_value = 9000 "
                    "where metric_id = 'vouchers_issued' and scope_code = '220184' and week_id = '2025-W43'",
                    "update marts.rpt_metric_weekly set cumulative_value = 1, value = 0 "
                    "where metric_id = 'vouchers_issued' and scope_code = 'DIR' and week_id = '2025-W43'",
                ]
            )
        )
    )
    assert "发放健康服务券累计居前三位的是公主岭市总工会（9,000张）" in text
    assert "。本周无新增的是直属基层工会。" in text


def test_what_cannot_be_briefed_is_refused_in_words(house):
    settings = house()
    with pytest.raises(WeekNotCovered, match="covers complete weeks 2025-W01 to 2025-W43, not 2025-W44"):
        read(settings, Week.parse("2025-W44"))
    with pytest.raises(BriefingError, match="before the first issue, 2025-W22"):
        read(settings, Week.parse("2025-W21"))
    with pytest.raises(
        UnknownEdition, match=r"no edition '220102'; config/briefing\.yaml has: chaoyang, city, city_en, dehui"
    ):
        read(settings, edition="220102")
    with pytest.raises(NoPublishedBuild, match="no warehouse build has been published yet"):
        build_path(settings)
    with pytest.raises(NoPublishedBuild, match="'gone' is not kept any more"):
        build_path(settings, "gone")


def test_axis_ticks_are_round_and_labels_keep_apart():
    assert nice_ticks(1890) == [0, 500, 1000, 1500, 2000]
    assert nice_ticks(3) == [0, 1, 2, 3]
    assert nice_ticks(0) == [0, 1]
    assert spread([10, 12, 90], 30, 0, 100) == [10, 40, 90]
    assert spread([95, 98, 99], 30, 0, 100) == [40, 70, 100]
