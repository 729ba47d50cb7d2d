import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.errors import RenderFault
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.pages import MM, Page, read_page
from worker_services.briefing.render import CSV_COLUMNS, render
from worker_services.briefing.typesetter import print_pdf
from worker_services.briefing.verify import _last_text_page, verify
from worker_services.settings import PROJECT_ROOT

ALL_CITY = "scope_type = 'city'"


@pytest.fixture(scope="module")
def pages(issue) -> list[Page]:
    document = pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf)
    return [read_page(document, number) for number in range(len(document))]


def lines(page: Page) -> list[tuple[float, float, str]]:
    """Left edge, right edge and text of each line, top to bottom."""
    rows: dict[int, list] = {}
    for char in sorted(page.chars, key=lambda c: (-c.bottom, c.left)):
        at = next((y for y in rows if abs(y - char.middle[1]) < 9), round(char.middle[1]))
        rows.setdefault(at, []).append(char)
    return [
        (
            min(c.left for c in row),
            max(c.right for c in row),
            "".join(c.text for c in sorted(row, key=lambda c: c.left)),
        )
        for row in rows.values()
    ]


PROGRAM = """
import sys
from pathlib import Path
from worker_services.briefing.render import render
from worker_services.intervals import Week
from worker_services.settings import PROJECT_ROOT, Settings
render(Settings(PROJECT_ROOT, Path(sys.argv[1]), Path(sys.argv[2])), Week.parse(sys.argv[3]), "city", sys.argv[4])
"""


@pytest.mark.parametrize(
    ("seed", "zone", "locale"), [("1", "America/St_Johns", "C"), ("4000000000", "Pacific/Kiritimati", "tr_TR.UTF-8")]
)
def test_same_inputs_same_bytes(issue, tmp_path, seed, zone, locale):
    """In a process of its own, with another hash seed, time zone, locale, working folder and folder for reports."""
    subprocess.run(
        [sys.executable, "-c", PROGRAM, issue.data_root, tmp_path / "reports", str(WEEK), BUILD_ID],
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "LANG": locale},
        cwd=tmp_path,
        check=True,
    )
    files = BriefingFiles.at(issue, WEEK, "city")
    other = BriefingFiles.at(replace(issue, reports_root=tmp_path / "reports"), WEEK, "city")
    for one, two in zip(vars(files).values(), vars(other).values(), strict=True):
        assert sha256(one.read_bytes()).hexdigest() == sha256(two.read_bytes()).hexdigest(), one.name


def test_the_figures_lie_beside_the_pdf(issue):
    files = BriefingFiles.at(issue, WEEK, "city")
    record = json.loads(files.figures_json.read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(files.figures_csv.read_text(encoding="utf-8-sig"))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["id"] for row in rows] == [figure["id"] for figure in record["figures"]]
    by_id = {figure["id"]: figure for figure in record["figures"]}
    target = by_id["positions_offered/city/220100/2025-W43/target"]
    assert (target["value"], target["printed"], target["unit"]) == ("50000", "50,000", "个")
    assert len(target["pages"]) >= 2
    assert record["build_id"] == BUILD_ID
    assert not list(files.pdf.parent.glob(".*"))


def test_the_document_is_tagged_and_navigable(issue, pages):
    document = pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf)
    assert document.get_page_size(0) == pytest.approx((210 * MM, 297 * MM), abs=0.5)
    assert document.get_metadata_value("Title") == "关于全市工会服务职工实事项目2025年第43周推进情况的通报"
    assert document.get_metadata_value("CreationDate") == "D:20251026183000Z"
    bookmarks = [item.get_title() for item in document.get_toc()]
    assert bookmarks[0] == "关于全市工会服务职工实事项目2025年第43周推进情况的通报"
    assert {"二、重点任务", "四、上次会议议定事项落实情况", "附件2分领域进展图"} <= {
        title.replace(" ", "") for title in bookmarks
    }
    assert pdfium.FPDFCatalog_IsTagged(document.raw)
    annexes = [link for page in pages for link in page.links if link.target.startswith("annex-")]
    contents = list({link.target: link.leads_to_page for link in annexes}.items())
    assert [target for target, _ in contents] == [
        *("annex-status", "annex-charts", "annex-organisations", "annex-faults"),
        *("annex-actions", "annex-sources", "annex-changes", "annex-notes"),
    ]
    for number, (_, page) in enumerate(contents, 1):
        assert f"附件{number}" in pages[page - 1].text


def test_the_imprint_closes_the_last_page_and_is_not_alone_on_it(pages):
    last = pages[-1].text
    assert "长春市总工会办公室2025年10月27日印发" in last
    assert last.index("本文件的核验") < last.index("报：市委") < last.index("10月27日印发")
    assert not any("报：市委" in page.text for page in pages[:-1])
    assert min(c.bottom for c in pages[-1].chars if c.text == "印") < 45 * MM


def grey(document: pypdfium2.PdfDocument, page: int) -> float:
    """Share of a page that is the watermark's light grey."""
    pixels = document[page].render(scale=0.5).to_pil().convert("L").histogram()
    return sum(pixels[240:247]) / sum(pixels)


def test_the_demo_mark_is_on_every_page(issue, pages):
    document = pypdfium2.PdfDocument(BriefingFiles.at(issue, WEEK, "city").pdf)
    assert all(grey(document, number) > 0.02 for number in range(len(document)))
    # Outlines, not text: what is copied out of the text pages has no watermark in it.
    assert ["演示数据" in page.text for page in pages] == [page.number > _last_text_page(pages) for page in pages]


def test_every_edge_renders_and_verifies(house):
    """Nothing anywhere, no target, a partner that never came, names too long for their cells."""
    settings = house(
        [
            "update marts.rpt_metric_weekly set value = case when numerator is null then 0 end, change = 0, "
            "cumulative_value = case when numerator is null then 0 end",
            f"update marts.rpt_metric_weekly set completion_rate = 0, pace_gap = -expected_share "
            f"where {ALL_CITY} and target > 1",
            "update marts.rpt_metric_weekly set target = null, completion_rate = null, expected_share = null, "
            "pace_gap = null, status_code = null, status_zh = null "
            "where metric_id in ('job_fairs', 'positions_offered')",
            "update marts.rpt_metric_catalogue set has_target = false where metric_id = 'job_fairs'",
            "update marts.rpt_partner_freshness set is_late = true, complete_through = null, last_landed_at = null, "
            "last_outcome = 'missing', last_outcome_zh = '未送达', "
            "last_message_zh = '第3夜未取到文件，请于10月28日前补送。' where partner_id = 'eye_hospital'",
            "delete from marts.rpt_quality_feed_weekly",
            "delete from marts.rpt_quality_reasons",
            "delete from marts.rpt_service_categories",
            "update marts.rpt_metric_weekly set "
            "scope_name_zh = '长春市新就业形态劳动者货运物流与网约出行行业联合工会委员会' where scope_code = 'DIR'",
            "update marts.rpt_partner_freshness set "
            "partner_name_zh = '长春市某某区第一职业技能培训与就业创业指导服务中心' where partner_id = 'training_base'",
        ]
    )
    render(settings, WEEK, "city", BUILD_ID)
    assert verify(settings, WEEK, "city").pages >= 8
    text = pypdfium2.PdfDocument(BriefingFiles.at(settings, WEEK, "city").pdf)[0].get_textpage().get_text_bounded()
    assert "以下数据未按时到达，相关指标以△标注：长春爱尔眼科医院" in re.sub(r"\s", "", text)


def test_suppressed_cells_print_a_mark_and_no_number(house):
    settings = house(
        [
            "update marts.rpt_metric_weekly set value = null, cumulative_value = null, change = null, "
            "is_suppressed = true where metric_id = 'health_person_times' and scope_code in ('220112', 'DIR')",
            "update marts.rpt_service_categories set person_times = null, cumulative_person_times = null, "
            "is_suppressed = true where service_category = 'endoscopy'",
            "update marts.rpt_build set is_demo = false",
        ]
    )
    files = render(settings, WEEK, "city", BUILD_ID)
    verify(settings, WEEK, "city")
    figures = json.loads(files.figures_json.read_text(encoding="utf-8"))["figures"]
    hidden = [f for f in figures if f["reason"] == "不公布"]
    assert {f["metric"] for f in hidden} == {"health_person_times", "service_category"}
    assert len([f for f in hidden if f["column"] not in ("rank", "previous_rank")]) == 6
    assert {(f["value"], f["printed"]) for f in hidden} == {("", "＊")}
    document = pypdfium2.PdfDocument(files.pdf)
    assert not any("演示" in page.get_textpage().get_text_bounded() for page in document)
    assert grey(document, 0) < 0.01


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p>ༀ</p>", "glyph"),
        ("<p>Привет ქართული</p>", "glyph"),
        ('<img src="seal.png" alt="印"/>', r"seal\.png"),
        ('<img src="https://example.com/seal.png" alt="印"/>', "disallowed protocol"),
        ('<img src="../../config/briefing.yaml" alt="印"/>', "outside the templates"),
        ('<p style="text-align: justifi">一</p>', "justifi"),
        ('<a href="#nowhere">一</a>', "nowhere"),
        ('<svg width="9" height="9"><title>一</title></svg>', "an <svg> without xmlns"),
        ("<p>一<br>二</p>", "no well-formed XML: mismatched tag"),
        ("<p>一&nbsp;二</p>", "no well-formed XML: undefined entity"),
        ('<img src="data:image/png;base64,aGFsZiBhIHNlYWw=" alt="印"/>', "Failed to load image"),
        ('<link rel="stylesheet" href="lost.css"/>', r"lost\.css"),
        (
            '<style>@font-face { font-family: "Briefing Lost"; src: url("lost.otf") }</style>',
            "'Briefing Lost' cannot be loaded",
        ),
    ],
)
def test_what_the_typesetter_only_warns_about_fails_the_render(html, fault):
    page = (
        '<html lang="zh-CN"><head><link rel="stylesheet" href="../fonts/fonts.css"/></head>'
        f"<body style=\"font-family: 'Briefing Hei'\">{html}</body></html>"
    )
    with pytest.raises(RenderFault, match=fault):
        print_pdf(PROJECT_ROOT / "templates", page, lambda _: [])


def test_nothing_is_written_when_the_render_fails(own_templates):
    settings = own_templates("briefing.html.j2", "</h1>", '</h1><img src="seal.png" alt="印"/>')
    with pytest.raises(RenderFault, match=r"was not written.*seal\.png"):
        render(settings, WEEK, "city", BUILD_ID)
    assert not settings.reports_root.exists()
