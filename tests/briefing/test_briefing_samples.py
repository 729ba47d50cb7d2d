"""The sample issue that the READMEs show."""

import shutil
from dataclasses import replace

import pypdfium2
import pytest
from PIL import Image
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.errors import BriefingError
from worker_services.briefing.render import render
from worker_services.briefing.samples import write_sample
from worker_services.settings import PROJECT_ROOT


def test_a_sample_is_the_issue_with_a_picture_of_each_page(issue, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(PROJECT_ROOT / "config", root / "config")
    stale = root / "reports" / "samples" / "briefing-99.webp"
    stale.parent.mkdir(parents=True)
    stale.touch()
    written = write_sample(replace(issue, project_root=root), WEEK, "city")
    assert sorted(stale.parent.iterdir()) == sorted(written)
    pdf, _, *pictures = written
    assert pdf.read_bytes() == (issue.reports_root / "briefings" / str(WEEK) / "city.pdf").read_bytes()
    assert len(pictures) == len(pypdfium2.PdfDocument(pdf))
    assert {Image.open(picture).width for picture in pictures} == {900}
    assert sum(path.stat().st_size for path in written) < 3_000_000


def test_real_data_never_become_a_sample(house):
    settings = house(["update marts.rpt_build set is_demo = false"])
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(BriefingError, match="real data"):
        write_sample(settings, WEEK, "city")


def test_the_readmes_show_pictures_that_are_there():
    for name in ("README.md", "README.zh-CN.md"):
        text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
        shown = [part.split(")")[0] for part in text.split("](")[1:] if part.startswith("reports/samples/")]
        assert len(shown) >= 4
        assert all((PROJECT_ROOT / path).is_file() for path in shown), name
