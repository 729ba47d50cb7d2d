"""Editions of unions and hospitals: their own figures first, the city beside them, nobody else's at all."""

import csv
import json

import pytest
from layout import assert_nothing_is_clipped, read_pages, words
from pydantic import ValidationError
from rpt_marts import BUILD_ID, HOSPITALS, ORGANISATIONS, WEEK

from worker_services.briefing.config import Edition, load_config
from worker_services.briefing.errors import BriefingError, FigureMismatch
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify
from worker_services.settings import PROJECT_ROOT, Settings

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds" / "code_lists"


def figures(settings: Settings, edition: str) -> dict[str, dict]:
    record = json.loads(BriefingFiles.at(settings, WEEK, edition).figures_json.read_text(encoding="utf-8"))
    return {figure["id"]: figure for figure in record["figures"]}


def test_every_county_level_union_and_hospital_has_an_edition():
    editions = load_config(Settings(PROJECT_ROOT, PROJECT_ROOT, PROJECT_ROOT)).editions.values()
    assert len(editions) == 17
    with (SEEDS / "organisations.csv").open(encoding="utf-8", newline="") as file:
        counties = {r["code"]: r["name_zh"] for r in csv.DictReader(file) if r["organisation_type"] == "county"}
    assert {e.scope_code: e.name_zh for e in editions if e.kind == "union"} == counties
    hospitals = {e.scope_code for e in editions if e.kind == "partner"}
    assert len(hospitals) == 4
    assert all((PROJECT_ROOT / "partners" / f"{code}.yaml").exists() for code in hospitals)
    assert all(e.recipients for e in editions)


def test_only_the_city_has_no_scope():
    fields = {"name_zh": "某区总工会", "name_en": "A District", "language": "zh", "recipients": []}
    with pytest.raises(ValidationError, match="scope_code names the unit"):
        Edition(kind="union", **fields)
    with pytest.raises(ValidationError, match="the city has none"):
        Edition(kind="city", scope_code="220102", **fields)


@pytest.mark.parametrize(("edition", "scope"), [("nanguan", "county/220102"), ("eye_hospital", "partner/eye_hospital")])
def test_an_edition_tells_of_its_own_unit_and_of_the_city_only(house, edition, scope):
    settings = house(
        [
            f"update marts.rpt_metric_weekly set value = null, cumulative_value = null, change = null, is_suppressed = "
            f"true where metric_id = 'health_persons' and scope_code in ('{scope.partition('/')[2]}', '220103')"
        ]
    )
    render(settings, WEEK, edition, BUILD_ID)
    assert verify(settings, WEEK, edition).figures > 80
    pages = read_pages(settings, WEEK, edition)
    assert_nothing_is_clipped(pages)
    text, _, recipients = words(pages).partition("报：市委")
    shown = figures(settings, edition)
    assert recipients
    own = scope.partition("/")[2]
    others = [name for code, name, *_ in ORGANISATIONS if code != own]
    others += [name for code, name in HOSPITALS.items() if code != own and edition == "eye_hospital"]
    assert not [name for name in others if name in text]
    units = {f["scope"] for f in shown.values() if f["scope"].partition("/")[0] in ("county", "partner")}
    assert {
        unit for unit in units if unit.partition("/")[2].partition(".")[0] in ("220103", "maternity_hospital")
    } == set()
    for column in ("value", "rank", "previous_rank", "ranked_units"):
        assert shown[f"health_person_times/{scope}/{WEEK}/{column}"]["printed"].replace(",", "").isdigit()
    assert f"health_person_times/city/220100/{WEEK}/cumulative_value" in shown
    assert shown[f"health_persons/{scope}/{WEEK}/value"]["printed"] == "＊"


def test_a_partner_reads_the_grade_of_its_own_data_alone(house):
    settings = house()
    render(settings, WEEK, "eye_hospital", BUILD_ID)
    verify(settings, WEEK, "eye_hospital")
    text = words(read_pages(settings, WEEK, "eye_hospital"))
    assert (
        "本单位数据质量等级为较差，得分79.6分，比上周下降4.2分，主要失分原因为“完整性：未送达的批次”，失分5.71分。"
        in text
    )
    assert {name for name in figures(settings, "eye_hospital") if name.startswith("quality_score/")} == {
        f"quality_score/partner/eye_hospital/{WEEK}/{column}"
        for column in ("score", "change|magnitude", "overall_points_lost")
    }


def test_a_city_figure_in_the_place_of_ones_own_is_caught(own_templates):
    settings = own_templates(
        "tables.html.j2",
        '<td class="once">{{ say(row.head[1]) }}</td>{% for cell in row.cells %}',
        '<td class="once">{{ say(row.head[1]) }}</td>{% for cell in row.cells[6:] + row.cells[:6] %}',
    )
    render(settings, WEEK, "eye_hospital", BUILD_ID)
    with pytest.raises(FigureMismatch, match="no such head to its row or column"):
        verify(settings, WEEK, "eye_hospital")


def test_an_edition_that_the_marts_do_not_know_is_refused(own_templates):
    settings = own_templates("briefing.html.j2", "</h1>", "</h1>")
    config = settings.project_root / "config" / "briefing.yaml"
    said = config.read_text(encoding="utf-8")
    config.write_text(said.replace('scope_code: "220102"', 'scope_code: "999999"'), encoding="utf-8")
    with pytest.raises(BriefingError, match="edition 'nanguan': no union '999999' is in the marts"):
        render(settings, WEEK, "nanguan", BUILD_ID)
