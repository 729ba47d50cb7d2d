"""Weeks that are hard: each is rendered, held against its marts, and looked over for clipped text."""

import json

import pytest
from layout import assert_nothing_is_clipped, read_pages, words
from rpt_marts import BUILD_ID

from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify
from worker_services.intervals import Week
from worker_services.metrics import catalogue
from worker_services.quality.site.issues import KINDS

NOW = "week_id = '2025-W43'"
LONG_UNIT = "长春市新就业形态劳动者货运物流与网约出行行业联合工会委员会"
LONG_METRIC = "面向新就业形态劳动者和困难职工家庭成员提供就业岗位"


def this_week(metric: str = "") -> str:
    only = f"and metric_id = '{metric}'" if metric else ""
    return f"where {NOW} {only}"


@pytest.mark.parametrize(
    ("week", "statements", "said", "unsaid"),
    [
        pytest.param(
            "2026-W01",
            [],
            ["2026年第1周（12月29日至1月4日）", "上期未印发或未存档，无可对照的数。"],
            ["上升0.0", "减少0"],
            id="first week of a year",
        ),
        pytest.param(
            "2025-W43",
            [
                "update marts.rpt_partner_freshness set is_late = true, complete_through = date '2025-10-19', "
                "last_message_zh = '第3夜未取到文件，请于10月28日前补送。' where partner_id = 'eye_hospital'",
                "delete from marts.rpt_quality_feed_weekly where partner_id = 'eye_hospital'",
                "delete from marts.rpt_service_categories where partner_id = 'eye_hospital'",
            ],
            [
                "长春爱尔眼科医院“健康服务记录”（数据截至2025年10月19日）",
                "请长春爱尔眼科医院尽快补送“健康服务记录”",
                "缺报、隔离和暂缓数据影响的指标",
                "未按时送达发放健康服务券、核销健康服务券、服务券核销率",
                "健康服务人次△",
            ],
            [],
            id="week without one partner",
        ),
        pytest.param(
            "2025-W43",
            [
                "update marts.rpt_metric_weekly set target = null, completion_rate = null, expected_share = null, "
                "pace_gap = null, status_code = null, status_zh = null where metric_id = 'positions_offered'",
            ],
            ["提供就业岗位本周", "，本年未下达目标。", "未评"],
            [],
            id="metric whose target is not set",
        ),
        pytest.param(
            "2025-W43",
            [
                "update marts.rpt_metric_weekly set value = case when numerator is null then 0 end, change = 0, "
                "cumulative_value = case when numerator is null then 0 end, completion_rate = case when numerator is "
                "null and target is not null then 0 end, pace_gap = -expected_share, "
                "status_code = case when target is not null then 'far_behind' end, "
                "status_zh = case when target is not null then '严重滞后' end",
                "delete from marts.rpt_quality_feed_weekly",
                "delete from marts.rpt_quality_reasons",
                "delete from marts.rpt_quality_scorecard",
                "delete from marts.rpt_quality_points_lost",
                "delete from marts.rpt_service_categories",
                "delete from marts.rpt_meeting_actions",
            ],
            [
                "各单位发放健康服务券累计均为零。",
                "没有会议议定事项的记录。",
                "本周没有批次到达，无可统计的数据行。",
                "本周没有可评分的数据，不评数据质量等级。",
            ],
            ["附件8", "各合作单位数据质量等级"],
            id="zero everywhere",
        ),
        pytest.param(
            "2025-W43",
            [
                f"update marts.rpt_metric_weekly set value = 12345678, change = 12345677, "
                f"cumulative_value = 1234567890, completion_rate = 35273.3683, pace_gap = 35272.6725 "
                f"{this_week('vouchers_issued')} and scope_type in ('city', 'county')",
                f"update marts.rpt_metric_weekly set value = 98765432.10, cumulative_value = 12345678901.23 "
                f"{this_week('relief_money_yuan')} and scope_type = 'city'",
            ],
            ["累计1,234,567,890张", "完成率3,527,336.8%", "12,345,678,901"],
            [],
            id="huge number",
        ),
        pytest.param(
            "2025-W43",
            [
                f"update marts.rpt_metric_weekly set scope_name_zh = '{LONG_UNIT}', scope_short_name_zh = "
                "'新就业形态货运物流行业' where scope_code = '220113'",
                f"update marts.rpt_metric_catalogue set name_zh = '{LONG_METRIC}' "
                "where metric_id = 'positions_offered'",
                "update marts.rpt_meeting_actions set title = "
                "repeat('由各县（市、区）总工会会同人力资源社会保障部门', 4) where action_id = 'Y20250007'",
            ],
            [LONG_UNIT, LONG_METRIC, "由各县（市、区）总工会会同人力资源社会保障部门由各县"],
            [],
            id="long names",
        ),
        pytest.param(
            "2025-W40",
            [
                "update marts.rpt_metric_weekly set value = case when numerator is null then 0 end, numerator = 0, "
                "denominator = 0, change = -previous_value where week_id = '2025-W40'",
                "update marts.rpt_service_categories set person_times = 0",
            ],
            [
                "2025年第40周（9月29日至10月5日）",
                "本周无数据，累计",
                "本周各单位均无新增",
                "本周逢国庆节、中秋节假期，工作日2天，上周工作日6天，与上周相比的增减含节假日因素。",
            ],
            [],
            id="holiday week",
        ),
        pytest.param(
            "2025-W42",
            [],
            ["上周逢国庆节、中秋节假期，本周工作日5天，上周工作日3天，比上周增加的部分含节假日因素。"],
            [],
            id="week after a holiday",
        ),
        pytest.param(
            "2025-W39",
            [],
            ["本周有调休上班，工作日6天，上周工作日5天，与上周相比的增减含调休因素。"],
            ["假期"],
            id="week with a weekend day worked",
        ),
        pytest.param(
            "2025-W43",
            [
                f"update marts.rpt_metric_weekly set status_code = 'done', status_zh = '已达标', completion_rate = "
                f"1.2, pace_gap = 1.2 - expected_share, cumulative_value = target * 1.2 {this_week()} and target > 1",
                f"update marts.rpt_metric_weekly set status_code = 'done', status_zh = '已达标', "
                f"cumulative_value = 0.9 {this_week('mediation_success_rate')}",
            ],
            ["已达标8项、正常0项、滞后0项、严重滞后0项。各项指标均达到进度要求。", "已完成全年任务", "保持现有力度"],
            ["进度落后", "严重滞后，完成率"],
            id="all targets done",
        ),
    ],
)
def test_a_hard_week_is_told_whole(house, week, statements, said, unsaid):
    settings, issue = house(statements, week=week), Week.parse(week)
    render(settings, issue, "city", BUILD_ID)
    verify(settings, issue, "city")
    pages = read_pages(settings, issue)
    text = words(pages)
    for wanted in said:
        assert wanted in text
    for unwanted in unsaid:
        assert unwanted not in text
    assert_nothing_is_clipped(pages)
    figures = json.loads(BriefingFiles.at(settings, issue, "city").figures_json.read_text("utf-8"))["figures"]
    kinds = {figure["id"].partition("/")[0] for figure in figures}
    assert kinds <= {*KINDS, *catalogue()}, "the auditors' site has a word for each"


def test_corrected_past_weeks_are_told_by_their_causes(house):
    settings = house(
        afterwards=[
            "insert into marts.rpt_restated_figures select issue_week, edition, metric_id, scope_type, scope_code, "
            "week_id, figure, printed_text, printed_value, printed_value * 2, false, printed_build_id "
            "from marts.rpt_printed_figures where metric_id <> 'positions_offered'",
            "update marts.rpt_restatement_batches set change = 'removed' where metric_id = 'positions_offered'",
        ]
    )
    week = Week.parse("2025-W43")
    render(settings, week, "city", BUILD_ID)
    verify(settings, week, "city")
    pages = read_pages(settings, week)
    text = words(pages)
    assert "招聘会管理系统“招聘岗位”撤回" in text
    assert "口径、目标或基础资料调整" in text
    assert "只列主要各项，其余见数据质量报告。" in text
    assert_nothing_is_clipped(pages)
