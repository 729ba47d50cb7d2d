"""A steward's rules: what they pick out, in which order, and what is refused."""

import re

import pytest
from pydantic import ValidationError
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.config import load_config
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.figures import Figure, FigureBook
from worker_services.briefing.language import TAGS
from worker_services.briefing.marts import build_path, read_marts
from worker_services.briefing.rules import Rule, apply, load_rules
from worker_services.settings import PROJECT_ROOT

CITY_ROW = (
    "update marts.rpt_metric_weekly set {} where scope_type = 'city' and week_id = '2025-W43' and metric_id = '{}'"
)


def book_of(settings) -> FigureBook:
    config = load_config(settings)
    return FigureBook(read_marts(build_path(settings, BUILD_ID), WEEK, "city", config.edition("city")))


def stated(say: str, language: str = "zh", **fields: object) -> Rule:
    """A rule as the file has it, read in a language; the other one says nothing that can be wrong."""
    return Rule.model_validate({"say": {"zh": "无", "en": "nothing"} | {language: say}, **fields}, context=language)


def said(rules: list[Rule], book: FigureBook, most: int = 9, kind: str = "city") -> list[str]:
    return [
        "".join(part.printed if isinstance(part, Figure) else part for part in sentence)
        for sentence in apply(rules, most, book, kind)
    ]


def test_the_most_pressing_comes_first_and_each_thing_once(house):
    book = book_of(
        house(
            [
                CITY_ROW.format("status_code = 'far_behind', pace_gap = -0.3111, completion_rate = 0.2", "job_fairs"),
                CITY_ROW.format(
                    "status_code = 'far_behind', pace_gap = -0.4, completion_rate = 0.1", "positions_offered"
                ),
            ]
        )
    )
    rules = load_rules(PROJECT_ROOT, "zh")
    highlights = said(rules.highlights, book, rules.highlights_shown)
    assert len(highlights) == 3
    assert highlights[0] == "提供就业岗位进度严重滞后，完成率10.0%，低于序时进度40.0个百分点，须集中力量推进"
    assert sum("提供就业岗位" in sentence for sentence in highlights) == 1
    advice = said(rules.advice, book, rules.advice_shown)
    assert next(sentence for sentence in advice if "提供就业岗位" in sentence).startswith("请市总工会劳动和经济工作部")
    assert any("抓紧办结“开展困难职工入户核查（德惠市）”，该项已逾期20天" in sentence for sentence in advice)


def test_conditions_bound_order_and_limit(issue):
    book = book_of(issue)
    rule = {"id": "r", "about": "metric", "say": "{name}累计{cumulative_value}", "at_most": 2, "order_by": "-change"}
    both = stated(when={"domain_code": "rights", "kind": "count", "change": {"below": 10**9}}, **rule)
    found = said([both], book)
    assert len(found) == 2
    assert all(sentence.endswith("件") for sentence in found)
    assert said([stated(when={"change": {"above": 10**9}}, **rule)], book) == []
    assert said([both.model_copy(update={"editions": ["partner"]})], book) == []


def test_a_row_without_the_figure_is_passed_over(house):
    book = book_of(house(["update marts.rpt_metric_weekly set change = null where metric_id <> 'job_fairs'"]))
    rule = stated(id="r", about="metric", at_most=9, say="{name}比上周{change}")
    assert [sentence.partition("比上周")[0] for sentence in said([rule], book)] == ["举办招聘会"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"say": "{nam}"}, r"\{nam\} is not one of change, completion_rate"),
        ({"say": "{completion_rate}"}, r"\{completion_rate\} has to follow the words 完成率"),
        ({"say": "{completion_rate}", "language": "en"}, r"\{completion_rate\} has to follow the words Completion"),
        ({"say": "完成率{completion_rate:2f}"}, "'2f' is not 'magnitude' or 'bare'"),
        ({"say": "{name}", "when": {"colour": "red"}}, "'colour' is not one of"),
        ({"say": "{name}", "order_by": "-colour"}, "'colour' is not one of"),
        ({"say": "{name}", "when": {"change": {"over": 1}}}, "over"),
    ],
)
def test_a_rule_that_names_what_there_is_not_is_refused(rule, told):
    with pytest.raises(ValidationError, match=told):
        stated(id="r", about="metric", **{"say": "{name}", **rule})


def test_every_rule_is_written_in_each_language():
    for language in TAGS:
        rules = load_rules(PROJECT_ROOT, language)
        assert len(rules.highlights) > 10
        for rule in [*rules.highlights, *rules.advice]:
            assert bool(re.search("[\u4e00-\u9fff]", rule.say)) == (language == "zh"), rule.id
    with pytest.raises(ValidationError, match=r"write the text in each language: \{zh: …, en: …\}"):
        Rule.model_validate({"id": "r", "about": "metric", "say": {"zh": "{name}"}}, context="zh")


def test_the_message_names_the_file_and_the_rule(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "briefing_rules.yaml").write_text(
        "highlights_shown: 1\nadvice_shown: 1\nadvice: []\n"
        "highlights: [{id: mine, about: metric, say: {zh: '{x}', en: x}}]\n"
    )
    with pytest.raises(BriefingError, match=r"briefing_rules\.yaml: highlights\.0: .*rule 'mine': \{x\} is not one of"):
        load_rules(tmp_path, "zh")
