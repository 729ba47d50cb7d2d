"""The fonts in templates/fonts: what they cover, how they are built, and what WeasyPrint makes of them."""

import ctypes
import logging
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import weasyprint
from fontTools.pens.basePen import NullPen
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from weasyprint.text.fonts import FontConfiguration

FONTS = Path(__file__).parents[1] / "templates" / "fonts"
RESERVED = re.compile(r"noto|source|fandol|lxgw|wenkai|klee|霞鹜|文楷", re.IGNORECASE)
SPACES = " \u00a0\u3000"
LATIN = {chr(code) for code in [*range(0x20, 0x7F), *range(0xC0, 0x100)]} | set("\u00a0–—‘’“”…·×−≤≥±‰")
NUMERALS = {chr(code) for code in range(0x20, 0x7F)} | set("\u00a0–‰")
SYMBOLS = "▲▼●○■□①⑩⑳←→↑↓↗↘％‰≥≤–—…“”‘’〔〕【】《》〈〉「」『』·•◆◇★☆√×÷±≠≈℃㎡㎞￥〇－～"


def faces() -> list[tuple[str, str, int]]:
    """File, family and weight of each @font-face rule in fonts.css."""
    rule = re.compile(r'@font-face \{ font-family: "(.+?)"; font-weight: (\d+); src: url\("(.+?)"\) \}')
    css = (FONTS / "fonts.css").read_text(encoding="utf-8")
    return [(file, family, int(weight)) for family, weight, file in rule.findall(css)]


FACES = faces()
FILES = [file for file, _, _ in FACES]
LATIN_FILES = [file for file in FILES if "Serif" in file or "Sans" in file]
TEXT_FILES = [file for file in FILES if "Numerals" not in file and file not in LATIN_FILES]


@cache
def font(file: str) -> TTFont:
    return TTFont(FONTS / file)


def covered(file: str) -> set[str]:
    return {chr(code) for code in font(file).getBestCmap()}


@cache
def sections() -> dict[str, str]:
    found: dict[str, str] = {}
    for block in (FONTS / "characters.txt").read_text(encoding="utf-8").split("\n## ")[1:]:
        name, *lines = block.splitlines()
        found[name] = "".join(line for line in lines if not line.startswith("# "))
    return found


def charset() -> set[str]:
    return set("".join(sections().values())) | set(SPACES)


def fangsong_gaps() -> set[str]:
    return set((FONTS / "fangsong-missing.txt").read_text(encoding="utf-8")) - {"\n"}


def gb_2312() -> set[str]:
    found = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            found.add(bytes((row, cell)).decode("gb2312", errors="ignore"))
    return found - {""}


def test_character_list_holds_the_two_standards() -> None:
    levels = [text for name, text in sections().items() if name.startswith("通用规范汉字表")]
    assert [len(level) for level in levels] == [3500, 3000, 1605]
    assert len(set("".join(levels))) == 8105
    assert len(gb_2312()) == 7445
    assert gb_2312() | set(SYMBOLS) | set("𠮷喆堃玥珺翀骉赟頔") <= charset()


def test_every_font_file_is_declared_once() -> None:
    on_disk = sorted(path.name for path in FONTS.iterdir() if path.suffix in {".otf", ".ttf", ".woff", ".woff2"})
    assert on_disk == sorted(FILES)
    assert {family for _, family, _ in FACES} == {
        "Briefing FangSong",
        "Briefing XiaoBiaoSong",
        "Briefing Song",
        "Briefing Numerals",
        "Briefing Hei",
        "Briefing Kai",
        "Briefing Serif",
        "Briefing Sans",
    }


@pytest.mark.parametrize("file", FILES)
def test_coverage_is_what_is_claimed(file: str) -> None:
    if "Numerals" in file:
        assert covered(file) == NUMERALS
    elif file in LATIN_FILES:
        assert covered(file) == LATIN
    elif "FangSong" in file:
        assert charset() - covered(file) == fangsong_gaps()
    else:
        assert charset() <= covered(file)


def test_stated_gaps_of_fangsong_are_filled_by_the_next_font() -> None:
    levels = [text for name, text in sections().items() if name.startswith("通用规范汉字表")]
    assert [len(fangsong_gaps() & set(level)) for level in levels] == [2, 188, 1277]
    assert fangsong_gaps() <= covered("BriefingSong-Regular.otf")


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith(".otf")])
def test_cid_is_glyph_id(file: str) -> None:
    top = font(file)["CFF "].cff.topDictIndex[0]
    assert top.ROS == ("Adobe", "Identity", 0)
    assert top.CIDCount == len(top.charset) == font(file)["maxp"].numGlyphs
    assert top.charset[0] == ".notdef"
    assert all(name == f"cid{number:05d}" for number, name in enumerate(top.charset) if number)


@pytest.mark.parametrize(("file", "family", "weight"), FACES)
def test_names_are_the_projects_own(file: str, family: str, weight: int) -> None:
    names = font(file)["name"]
    assert names.getDebugName(1) == family
    assert font(file)["OS/2"].usWeightClass == weight
    shown = [str(record) for record in names.names if record.nameID in {1, 3, 4, 6, 16, 17, 18, 20, 21, 22}]
    if "CFF " in font(file):
        cff = font(file)["CFF "].cff
        top = cff.topDictIndex[0]
        shown += [*cff.fontNames, top.FullName, top.FamilyName, *(part.FontName for part in top.FDArray)]
    assert [name for name in shown if RESERVED.search(name)] == []


@pytest.mark.parametrize("file", FILES)
def test_readme_states_size_glyphs_and_a_licence_with_the_copyright(file: str) -> None:
    rows = [line for line in (FONTS / "README.md").read_text(encoding="utf-8").splitlines() if f"`{file}`" in line]
    assert len(rows) == 1
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert f"{(FONTS / file).stat().st_size:,}" in cells
    assert f"{font(file)['maxp'].numGlyphs:,}" in cells
    licence = re.search(r"\(licences/(.+?)\)", rows[0])
    assert licence is not None
    text = (FONTS / "licences" / licence[1]).read_text(encoding="utf-8")
    stated = font(file)["name"].getDebugName(0).replace("©", "").replace("Copyright", "")
    for line in stated.splitlines():
        assert line.strip().rstrip(".") in text
    assert ("GPL" if "GPL" in font(file)["name"].getDebugName(13) else "SIL OPEN FONT LICENSE") in text


@pytest.mark.parametrize("file", TEXT_FILES)
def test_chinese_punctuation_stands_on_the_em_grid(file: str) -> None:
    metrics, cmap, glyphs = font(file)["hmtx"], font(file).getBestCmap(), font(file).getGlyphSet()
    uneven = {
        c: metrics[cmap[ord(c)]][0]
        for c in "国，。、；：？！“”‘’（）《》〔〕【】—…·％　"
        if metrics[cmap[ord(c)]][0] != 1000
    }
    assert uneven == {}
    dash = BoundsPen(glyphs)
    glyphs[cmap[ord("—")]].draw(dash)
    assert (dash.bounds[0], dash.bounds[2]) == (0, 1000)


def test_numerals_are_half_an_em_and_align() -> None:
    file = "BriefingNumerals-Regular.otf"
    metrics, cmap = font(file)["hmtx"], font(file).getBestCmap()
    assert {metrics[cmap[ord(digit)]][0] for digit in "0123456789"} == {500}
    # PDF/A asks that the widths a PDF states (hmtx) be those of the embedded font program (CFF).
    strings = font(file)["CFF "].cff.topDictIndex[0].CharStrings
    for glyph in set(cmap.values()):
        strings[glyph].draw(NullPen())
        assert strings[glyph].width == metrics[glyph][0]


@pytest.mark.parametrize("file", LATIN_FILES)
def test_latin_quotation_marks_are_as_wide_as_latin_letters(file: str) -> None:
    metrics, cmap = font(file)["hmtx"], font(file).getBestCmap()
    assert all(metrics[cmap[ord(c)]][0] < 600 for c in "‘’“”·")


@pytest.mark.parametrize("file", TEXT_FILES + LATIN_FILES)
def test_no_glyph_serves_two_characters(file: str) -> None:
    inked = [glyph for code, glyph in font(file).getBestCmap().items() if chr(code) not in SPACES]
    assert len(inked) == len(set(inked))


def test_faces_mix_without_moving_the_line_grid() -> None:
    heights = {(font(file)["hhea"].ascent, font(file)["hhea"].descent, font(file)["hhea"].lineGap) for file in FILES}
    assert heights == {(880, -120, 0)}


LINES = {
    "XiaoBiaoSong": "关于“幸福汇·汇健康”推进情况的通报（第46期）",
    "Hei": "一、总体进展：35,000张，完成率89.4%，▲6.2%，▼0.8‰",
    "HeiBold": "二、存在问题：①推进不平衡；②宣传力度不够",
    "Kai": "（一）聚焦“急难愁盼”——服务站点412个，𠮷田、喆、堃、玥、翀",
    "FangSong": "截至2025年10月26日，调解成功率81.3%（目标≥80%）。长工发〔2025〕3号《办法》",
    "Song": "●○■□←→↑↓≤％–…‘’【】•・，𠮷喆堃玥翀",
    "Names": "职工喆、堃、玥、翀、祎、旸共6人",
    "Serif": "“On schedule”: 35,000 vouchers – 89.4% of the workers’ target",
    "SerifBold": "Practical Services for Workers, Week 43",
    "Sans": "Year to date ≥80.0% · −0.4 · Curaçao",
    "SansBold": "Annex 1. Key Indicators",
}
STYLE = """
@page { size: 400mm 160mm } p { white-space: nowrap; font-size: 12pt }
.XiaoBiaoSong { font-family: "Briefing XiaoBiaoSong" } .Hei { font-family: "Briefing Hei" }
.HeiBold { font: bold 12pt "Briefing Hei" } .Kai { font-family: "Briefing Kai" }
.FangSong, .Names { font-family: "Briefing Numerals", "Briefing FangSong", "Briefing Song" }
.Song { font-family: "Briefing Song" } .Serif { font-family: "Briefing Serif" } .Sans { font-family: "Briefing Sans" }
.SerifBold { font: bold 12pt "Briefing Serif" } .SansBold { font: bold 12pt "Briefing Sans" }
"""


def embedded(page: pypdfium2.PdfPage) -> set[str]:
    """Names of the fonts that the page's text uses, less their subset prefixes."""
    names = set()
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
        handle = pdfium.FPDFTextObj_GetFont(item.raw)
        assert pdfium.FPDFFont_GetIsEmbedded(handle) == 1
        buffer = ctypes.create_string_buffer(200)
        pdfium.FPDFFont_GetBaseFontName(handle, buffer, 200)
        names.add(buffer.value.decode().partition("+")[2])
    return names


def test_page_embeds_these_fonts_only_and_gives_its_text_back(caplog: pytest.LogCaptureFixture) -> None:
    body = "".join(f'<p class="{name}">{line}</p>' for name, line in LINES.items())
    logging.getLogger("weasyprint").addHandler(caplog.handler)
    try:
        config = FontConfiguration()
        sheets = [
            weasyprint.CSS(FONTS / "fonts.css", font_config=config),
            weasyprint.CSS(string=STYLE, font_config=config),
        ]
        html = weasyprint.HTML(string=f'<html lang="zh-CN"><body>{body}</body></html>')
        pdf = html.write_pdf(stylesheets=sheets, font_config=config)
    finally:
        logging.getLogger("weasyprint").removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("weasyprint")] == []
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        assert embedded(page) == {
            family.replace(" ", "-") + ("-Bold" if weight == 700 else "") for _, family, weight in FACES
        }
        assert page.get_textpage().get_text_range().splitlines() == list(LINES.values())


def test_without_system_fonts_a_missing_character_is_reported() -> None:
    program = f"""
import logging, weasyprint
logging.getLogger("weasyprint").addHandler(logging.StreamHandler())
page = '<p style="font-family: Briefing FangSong, Briefing Song">职工ي喆</p>'
weasyprint.HTML(string=page).write_pdf(stylesheets=[{str(FONTS / "fonts.css")!r}])
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=os.environ | {"FONTCONFIG_FILE": str(FONTS / "fonts.conf")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"\.notdef glyph rendered .*\((U\+\w+)\)", run.stderr) == ["U+064A"]
