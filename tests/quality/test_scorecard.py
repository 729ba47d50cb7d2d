"""The scorecard and the partners' sheets: what a mart says is on the page, and who has nothing has an empty state."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import html
from quality_data import write_scores

from worker_services.contracts import load_contract
from worker_services.intervals import Week
from worker_services.quality import scorecard
from worker_services.quality.cli import quality
from worker_services.quality.scorecard import NoScorecard
from worker_services.settings import Settings

WEEK = Week.parse("2025-W43")


@pytest.fixture
def judged(settings: Settings, warehouse: Callable[..., Path]) -> Settings:
    write_scores(warehouse())
    (settings.data_root / "DEMO").touch()
    return settings


def page(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_text(encoding="utf-8"))


def section(document: html.HtmlElement, name: str) -> str:
    (found,) = document.xpath(f"//section[@aria-labelledby='{name}']")
    return " ".join(found.text_content().split())


def test_the_city_is_shown_with_its_grade_its_change_and_what_it_lost(judged: Settings) -> None:
    document = page(scorecard.render(judged, WEEK))
    assert "87.7 较差全市总分，比上周 −2.3" in section(document, "city")
    assert "准确性有差错的行：数值超出允许范围1,234收到的行 20,00030.912.34" in section(document, "lost")
    assert "演示数据" in document.xpath("string(//h1)")


def test_a_sheet_asks_its_partner_for_what_cost_points_and_names_nobody_else(judged: Settings) -> None:
    folder = scorecard.render(judged, WEEK).parent
    sheet = page(folder / "eye_hospital.html")
    todo, label = section(sheet, "to-do"), load_contract("health_services").label_of("service_date")
    assert f"职工健康服务明细有差错的行：数值超出允许范围（{label}）1,234请更正后重新报送" in todo
    assert "未送达的批次：未送达" in todo
    assert "请补送" in todo
    assert "小程序" not in sheet.text_content()


def test_a_partner_without_a_fault_has_nothing_to_do(judged: Settings) -> None:
    sheet = page(scorecard.render(judged, WEEK).parent / "mini_program.html")
    assert "本周没有失分" in section(sheet, "lost")
    assert "本周没有需要办理的事项" in section(sheet, "to-do")


def test_the_same_build_gives_the_same_bytes(judged: Settings) -> None:
    path = scorecard.render(judged, WEEK)
    before = path.read_bytes()
    assert scorecard.render(judged, WEEK).read_bytes() == before


def test_links_lead_to_sheets_that_are_there(judged: Settings) -> None:
    path = scorecard.render(judged, WEEK)
    links = page(path).xpath("//main//table//a/@href")
    assert links
    assert all((path.parent / link).exists() for link in links)


def test_a_week_without_deliveries_is_told_of(judged: Settings) -> None:
    with pytest.raises(NoScorecard, match="2025-W30"):
        scorecard.render(judged, Week.parse("2025-W30"))


def test_without_a_published_build_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(Settings, "load", lambda: settings)
    told = CliRunner().invoke(quality, ["scorecard", "2025-W43"])
    assert told.exit_code == 1
    assert "worker-services warehouse build" in told.output


def test_scores_are_read_by_week_and_partner(judged: Settings) -> None:
    card = scorecard.read_scorecard(judged, WEEK)
    assert [each.partner for each in card.partners] == [
        partner for partner in scorecard.load_partners() if partner in ("mini_program", "eye_hospital")
    ]
    assert card.city.trend == [90.0, 87.7]
    assert [each.feed for each in card.feeds["eye_hospital"]] == ["health_services"]
