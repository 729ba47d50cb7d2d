"""What the typesetter keeps, or makes once instead of twice, changes nothing in what it makes."""

import zlib
from pathlib import Path
from types import SimpleNamespace

import pydyf
import pytest
from rpt_marts import BUILD_ID, WEEK
from weasyprint.layout import block, inline, table
from weasyprint.text import line_break
from weasyprint.text.fonts import FontConfiguration

from worker_services.briefing import per_style, typesetter
from worker_services.briefing.config import load_config
from worker_services.briefing.errors import RenderFault
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.model import read_briefing
from worker_services.briefing.render import typeset
from worker_services.briefing.typesetter import print_pdf
from worker_services.settings import PROJECT_ROOT

SHEET = "p { font-family: 'Briefing Hei'; color: %s }"
PAGE = (
    '<html lang="zh-CN"><head><link rel="stylesheet" href="../fonts/fonts.css"/>'
    '<link rel="stylesheet" href="own.css"/></head><body><p>一</p></body></html>'
)


def test_the_same_bytes_as_weasyprint_alone_makes(issue, monkeypatch):
    briefing = read_briefing(build_path(issue, BUILD_ID), load_config(issue), "city", WEEK)
    typesetter._fonts.cache_clear()
    monkeypatch.setattr(line_break.Layout, "setup", per_style.set_up)
    monkeypatch.setattr(line_break, "_font_style_cache_key", per_style.font_key)
    for module in (block, inline, table):
        monkeypatch.setattr(module, "resolve_percentages", per_style.resolve)
    monkeypatch.setattr(typesetter._Fonts, "add_font_face", FontConfiguration.add_font_face)
    monkeypatch.setattr(typesetter, "write_once", lambda pdf: None)
    plain = SimpleNamespace(compress=zlib.compress, compressobj=lambda level: zlib.compressobj())
    monkeypatch.setattr(pydyf, "zlib", plain)
    alone, _, _ = typeset(issue, briefing)
    typesetter._fonts.cache_clear()
    assert alone == BriefingFiles.at(issue, WEEK, "city").pdf.read_bytes()


@pytest.fixture
def templates(tmp_path) -> Path:
    (tmp_path / "briefing").mkdir()
    (tmp_path / "fonts").symlink_to(PROJECT_ROOT / "templates" / "fonts")
    return tmp_path


def test_a_style_sheet_that_changes_is_read_again(templates):
    sheet = templates / "briefing" / "own.css"
    sheet.write_text(SHEET % "red", encoding="utf-8")
    red = print_pdf(templates, PAGE, lambda _: [])
    assert print_pdf(templates, PAGE, lambda _: []) == red
    sheet.write_text(SHEET % "blue", encoding="utf-8")
    assert print_pdf(templates, PAGE, lambda _: []) != red


def test_a_style_sheet_at_fault_is_at_fault_each_time(templates):
    (templates / "briefing" / "own.css").write_text(SHEET % "redd", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(RenderFault, match="redd"):
            print_pdf(templates, PAGE, lambda _: [])
