"""What a person adds to an issue."""

import pytest
from layout import read_pages, words
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.errors import BriefingError
from worker_services.briefing.language import load_language
from worker_services.briefing.remarks import NONE, read_remarks
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify

CHINESE = load_language("zh")
WRITTEN = """# 按语

请各单位认真阅研，**11月3日前**报送整改情况。

# 领导批示

两点要求：

1. 紧盯滞后项目；
2. 确保年底前全部完成 <b>35000</b> 张。
"""


def test_remarks_are_printed_as_a_persons_words(own_templates):
    settings = own_templates("briefing.html.j2", "</h1>", "</h1>")
    folder = settings.project_root / "remarks"
    folder.mkdir()
    (folder / f"{WEEK}.md").write_text(WRITTEN, encoding="utf-8")
    render(settings, WEEK, "city", BUILD_ID)
    verify(settings, WEEK, "city")
    text = words(read_pages(settings, WEEK))
    assert "按语（人工撰写）：请各单位认真阅研，11月3日前报送整改情况。" in text
    assert "领导批示（人工撰写）：两点要求：1.紧盯滞后项目；2.确保年底前全部完成<b>35000</b>张。" in text
    assert (
        text.index("按：") < text.index("按语（人工撰写）") < text.index("领导批示（人工") < text.index("一、总体进展")
    )


def test_each_edition_has_remarks_of_its_own(tmp_path):
    (tmp_path / f"{WEEK}.nanguan.md").write_text("# 按语\n\n仅供南关区。\n", encoding="utf-8")
    assert read_remarks(tmp_path, WEEK, "city", CHINESE) == NONE
    assert read_remarks(tmp_path, WEEK, "nanguan", CHINESE).preface[0].pieces == [(None, "仅供南关区。")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# 附言\n\n一段。", r"2025-W43\.md, line 1: the heading '附言' is not one of 按语、领导批示"),
        ("一段。\n\n# 按语", r"line 1: text stands before a heading"),
    ],
)
def test_remarks_out_of_place_are_refused(tmp_path, text, told):
    (tmp_path / f"{WEEK}.md").write_text(text, encoding="utf-8")
    with pytest.raises(BriefingError, match=told):
        read_remarks(tmp_path, WEEK, "city", CHINESE)


def test_remarks_that_are_no_text_are_refused(tmp_path):
    (tmp_path / f"{WEEK}.md").write_bytes("# 按语".encode("gb18030"))
    with pytest.raises(BriefingError, match="is not UTF-8 text"):
        read_remarks(tmp_path, WEEK, "city", CHINESE)
