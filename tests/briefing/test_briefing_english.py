"""Editions in English: the same figures on the same pages, and nothing in Chinese but what is marked as such."""

import re
import shutil
from email import policy
from email.parser import BytesParser
from pathlib import Path
from string import Formatter

import duckdb
import pikepdf
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po
from layout import assert_nothing_is_clipped, read_pages, words
from lxml import html
from rpt_marts import BUILD_ID, WEEK, build_marts

from worker_services.briefing.config import load_config
from worker_services.briefing.errors import BriefingError, FigureMismatch
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.language import LOCALES, AsRecorded, load_language
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.remarks import read_remarks
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify
from worker_services.mailing.compose import compose, summarise
from worker_services.settings import PROJECT_ROOT, Settings

CHINESE = re.compile("[\u3001-\u9fff\uff00-\uff09\uff0b-\uffef]")  # ＊ stands for what is not published
EDITIONS = ("city", "nanguan", "eye_hospital")
REMARKS = """# Note

Report by **3 November** on the 4 points raised.

# Instructions

1. Press on.
"""


def in_english(root: Path) -> Path:
    """A project folder all of whose editions are in English."""
    shutil.copytree(PROJECT_ROOT / "config", root / "config", dirs_exist_ok=True)
    config = root / "config" / "briefing.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("language: zh", "language: en"), encoding="utf-8")
    if not (root / "templates").exists():
        (root / "templates").symlink_to(PROJECT_ROOT / "templates")
    return root


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Settings:
    """A house with issues in English, one of them with remarks. Read only."""
    folder = tmp_path_factory.mktemp("english")
    settings = Settings(in_english(folder / "root"), folder / "data", folder / "reports")
    (settings.project_root / "remarks").mkdir()
    (settings.project_root / "remarks" / f"{WEEK}.nanguan.md").write_text(REMARKS, encoding="utf-8")
    unknown = "update marts.rpt_meeting_actions set owner_department_en = null, owner_department_zh = '新设部门' "
    build_marts(settings.builds / f"{BUILD_ID}.duckdb", statements=[f"{unknown} where organisation_code = '220102'"])
    for edition in EDITIONS:
        render(settings, WEEK, edition, BUILD_ID)
    return settings


def text_of(settings: Settings, edition: str) -> str:
    """The text of the issue's HTML, single-spaced."""
    tree = html.fromstring(BriefingFiles.at(settings, WEEK, edition).html.read_bytes())
    for element in tree.iter("style"):
        element.text = ""
    return " ".join(tree.text_content().split())


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("domain", ["briefing", "quality"])
def test_every_text_of_the_sources_is_in_the_catalogue_and_no_other(domain):
    mapping, options = parse_mapping_cfg((LOCALES / f"{domain}.cfg").open(encoding="utf-8"))
    script = (PROJECT_ROOT / "bin" / "translate").read_text(encoding="utf-8")
    keywords = parse_keywords(re.search('--keywords="(.+?)"', script)[1].split())
    found = {
        (context, message[0] if isinstance(message, tuple) else message)
        for top in ("src", "templates", "expectations", "dbt_project", "config")
        for _, _, message, _, context in extract_from_dir(
            PROJECT_ROOT,
            [(pattern, method) for pattern, method in mapping if pattern.startswith(top)],
            options,
            keywords,
            directory_filter=lambda path, top=top: Path(path).relative_to(PROJECT_ROOT).parts[:1] == (top,),
        )
    }
    assert len(found) > 250
    catalogue = read_po((LOCALES / "en" / "LC_MESSAGES" / f"{domain}.po").open("rb"), locale="en")
    known = {(m.context, m.id[0] if isinstance(m.id, tuple) else m.id): m for m in catalogue if m.id}
    assert found - known.keys() == set(), "run bin/translate and write their English"
    assert known.keys() - found == set(), "run bin/translate: no source says these any more"
    assert not catalogue.obsolete
    for message in known.values():
        originals, translations = (
            each if isinstance(each, (tuple, list)) else [each] for each in (message.id, message.string)
        )
        assert all(translations), message.id
        assert not message.fuzzy, message.id
        assert not any(map(CHINESE.search, translations)) or "＊" in translations[0], message.id
        assert {frozenset(places(text)) for text in [*originals, *translations]} == {frozenset(places(originals[0]))}


@pytest.mark.parametrize("edition", EDITIONS)
def test_an_edition_in_english_is_true_and_well_set(english, edition):
    verified = verify(english, WEEK, edition)
    assert verified.figures > 80
    pages = read_pages(english, WEEK, edition)
    assert_nothing_is_clipped(pages)
    assert pages[-1].text.count("Distribution:County-levelfederations") == 1


@pytest.mark.parametrize("edition", EDITIONS)
def test_nothing_is_in_chinese_but_what_is_marked_so(english, edition):
    files = BriefingFiles.at(english, WEEK, edition)
    tree = html.fromstring(files.html.read_bytes())
    assert tree.get("lang") == "en"
    marked = [element.text_content() for element in tree.xpath('//span[@lang="zh-CN"]')]
    if edition == "nanguan":
        assert {"增加乡镇义诊场次（南关区）", "新设部门"} == set(marked)
    for element in tree.xpath('//span[@lang="zh-CN"]'):
        element.text = ""
    left = [text for text in tree.itertext() if CHINESE.search(text)]
    left += [value for element in tree.iter("*") for value in element.attrib.values() if CHINESE.search(value)]
    assert left == []
    printed = words(read_pages(english, WEEK, edition))
    for text in marked:
        printed = printed.replace(text, "")
    assert CHINESE.findall(printed) == []
    with pikepdf.open(files.pdf) as pdf:
        assert pdf.Root.Lang == "en"
        titles = [str(item.title) for item in pdf.open_outline().root]
        assert not CHINESE.search("".join([str(pdf.docinfo.get("/Title", "")), *titles]))
        attached = [str(file.description) for file in pdf.attachments.values()]
        assert sorted(attached) == [
            "All figures of this issue",
            "All figures of this issue and where they stand in the text",
        ]


def test_numbers_days_and_units_are_written_as_in_english(english):
    text = text_of(english, "city")
    assert "Week 43 of 2025 (20 October to 26 October). Indicators with an annual target: 8, of which" in text
    assert "Training sessions held: this week 2 sessions, down on the week by 1 session, year to date" in text
    assert "Issued on 27 October 2025" in text
    assert re.search(r"\(1\) Training person-times: far behind, with completion \d\d\.\d%, below schedule by", text)
    assert re.search(
        r"the 3 highest for the year to date: \w[\w ]+ \([\d,]+ vouchers\), .+? and .+? vouchers\)\.", text
    )


def test_what_a_person_wrote_is_marked_so(english):
    text = text_of(english, "nanguan")
    assert "Note (written by a person): Report by 3 November on the 4 points raised." in text
    assert "Instructions (written by a person): 1. Press on." in text
    with pytest.raises(BriefingError, match="the heading 'Note' is not one of 按语、领导批示"):
        read_remarks(english.project_root / "remarks", WEEK, "nanguan", load_language("zh"))


@pytest.mark.parametrize(
    ("edition", "file", "old", "new", "reason"),
    [
        pytest.param(
            "nanguan",
            "tables.html.j2",
            '<td class="r">{{ fig(row.cells.value, "table") }}</td>\n'
            '<td class="r strong">{{ fig(row.cells.cumulative_value, "table") }}</td>',
            '<td class="r strong">{{ fig(row.cells.cumulative_value, "table") }}</td>\n'
            '<td class="r">{{ fig(row.cells.value, "table") }}</td>',
            "no such head to its row or column",
            id="two columns swapped",
        ),
        pytest.param(
            "eye_hospital",
            "charts.svg.j2",
            '<span class="small">{{ _("累计") }}</span>',
            '<span class="small">{{ _("本周") }}</span>',
            "the sentence speaks of 'Thisweek'",
            id="card that names another column",
        ),
        pytest.param(
            "eye_hospital",
            "tables.html.j2",
            "{% for cell in row.cells %}",
            "{% for cell in row.cells[6:] + row.cells[:6] %}",
            "no such head to its row or column",
            id="the city's figures in the place of one's own",
        ),
    ],
)
def test_a_template_that_lies_in_english_is_caught(own_templates, edition, file, old, new, reason):
    settings = own_templates(file, old, new)
    in_english(settings.project_root)
    render(settings, WEEK, edition, BUILD_ID)
    with pytest.raises(FigureMismatch, match=reason):
        verify(settings, WEEK, edition)


def test_a_translation_that_says_another_thing_is_caught(own_templates, monkeypatch):
    language = load_language("en")
    said = language.texts._catalog
    monkeypatch.setitem(said, "比上周减少{change}", "year to date {change}")
    settings = own_templates("briefing.html.j2", "</h1>", "</h1>")
    in_english(settings.project_root)
    render(settings, WEEK, "nanguan", BUILD_ID)
    with pytest.raises(FigureMismatch, match="the sentence speaks of 'yeartodate'"):
        verify(settings, WEEK, "nanguan")


def test_the_mail_of_an_edition_in_english_is_in_english(english):
    briefing = read_briefing(build_path(english, BUILD_ID), load_config(english), "city", WEEK)
    summary = summarise(english.project_root / "templates", briefing, "https://reports.example/city.pdf")
    pdf = BriefingFiles.at(english, WEEK, "city").pdf.read_bytes()
    message = BytesParser(policy=policy.default).parsebytes(compose(briefing, summary, pdf, "a@x.example"))
    subject = "[Demo] Promotion Meeting on Services for Workers, Work Bulletin, Issue 22 (week 43 of 2025)"
    assert message["Subject"] == subject
    assert message["Content-Language"] == "en"
    assert message["From"].addresses[0].display_name == "Changchun Federation of Trade Unions"
    (attachment,) = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert attachment.get_filename() == "Promotion Meeting on Services for Workers, Work Bulletin, Issue 22.pdf"
    text = message.get_body(("plain",)).get_content()
    assert "Training person-times (Far behind): this week 125 person-times, year to date" in text
    page = message.get_body(("html",)).get_content()
    assert html.fromstring(page).get("lang") == "en"
    assert not CHINESE.search(text)
    assert not CHINESE.search(page)
    preview = compose(briefing, summary, pdf, "a@x.example", is_preview=True)
    assert BytesParser(policy=policy.default).parsebytes(preview)["Subject"] == f"[Preview] {subject}"


def test_a_hard_week_is_told_in_english(own_templates):
    """Late data, a long name, a hidden cell, a huge number, a day with a long name."""
    settings = own_templates("briefing.html.j2", "</h1>", "</h1>")
    in_english(settings.project_root)
    unit = "Joint Federation of Trade Unions of Goods Transport, Logistics and Ride-hailing Workers of Nanguan District"
    with duckdb.connect(str(build_path(settings, BUILD_ID))) as connection:
        for statement in (
            "update marts.rpt_partner_freshness set is_late = true, complete_through = date '2025-09-30', "
            "last_message_en = 'No file on night 3; deliver it again by 28 October.' where partner_id = 'eye_hospital'",
            f"update marts.rpt_metric_weekly set scope_name_en = '{unit}' where scope_code = '220102'",
            "update marts.rpt_metric_weekly set value = null, change = null, is_suppressed = true "
            "where metric_id = 'health_persons' and scope_code = '220102' and week_id = '2025-W43'",
            "update marts.rpt_metric_weekly set value = 123456789, cumulative_value = 987654321 "
            "where metric_id = 'publicity_reach' and week_id = '2025-W43' and scope_code = '220102'",
            "update marts.rpt_meeting_actions set due_on = date '2025-09-30' where organisation_code = '220102'",
        ):
            connection.execute(statement)
    render(settings, WEEK, "nanguan", BUILD_ID)
    verify(settings, WEEK, "nanguan")
    assert_nothing_is_clipped(read_pages(settings, WEEK, "nanguan"))
    text = text_of(settings, "nanguan")
    assert "Changchun Aier Eye Hospital, “Health services” (data to 30 September 2025)" in text
    assert "Changchun Aier Eye Hospital, “Health services”: No file on night 3; deliver it again by 28 October." in text
    assert "Persons given a health service: no data this week, year to date" in text
    assert "Publicity reach: this week 123,456,789 person-times, year to date 987,654,321 person-times" in text


def test_a_row_without_english_keeps_its_chinese_and_says_so():
    english = load_language("en")
    assert english.of({"name_zh": "办公室", "name_en": "General Office"}, "name") == "General Office"
    kept = english.of({"name_zh": "办公室", "name_en": None}, "name")
    assert (kept, type(kept)) == ("办公室", AsRecorded)
    assert english.of({"name_zh": None, "name_en": None}, "name") == ""


def test_lists_end_as_in_english():
    chinese, english = load_language("zh"), load_language("en")
    assert "".join(english.listed(["A"])) == "A"
    assert "".join(english.listed(["A", "B"])) == "A and B"
    assert "".join(english.listed(["A", ["B", " (1)"], "C"])) == "A, B (1) and C"
    assert "".join(english.listed(["A", "B"], has_more=True)) == "A, B and others"
    assert "".join(chinese.listed(["甲", ["乙", "（1）"], "丙"])) == "甲、乙（1）、丙"
    assert "".join(chinese.listed(["甲", "乙"], has_more=True)) == "甲、乙等"
