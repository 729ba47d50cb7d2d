"""The issue in black and white, and to readers who do not see all colours."""

import itertools
import re

import pytest
from colours import SIMULATED, contrast, difference, linear, simulate
from rpt_marts import BUILD_ID, WEEK, build_marts

from worker_services.briefing.render import render
from worker_services.settings import PROJECT_ROOT, Settings

WHITE = linear("#ffffff")
TEXT_ON_WHITE = 4.5  # WCAG 2.2, 1.4.3
SERIES_APART = 1.5  # in grey: lines and bars of one plot
SEEN_APART = 40  # CIE 1976, with one kind of cones missing
STATUSES = {"done": "已达标", "on_pace": "正常", "behind": "滞后", "far_behind": "严重滞后"}


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    """An issue in which every status stands."""
    cases = " ".join(f"when {n} then '{code}'" for n, code in enumerate(STATUSES))
    names = " ".join(f"when '{code}' then '{name}'" for code, name in STATUSES.items())
    where = "where status_code is not null and scope_type = 'city'"
    statements = [
        f"update marts.rpt_metric_weekly set status_code = case length(metric_id) % 4 {cases} end {where}",
        f"update marts.rpt_metric_weekly set status_zh = case status_code {names} end {where}",
    ]
    folder = tmp_path_factory.mktemp("statuses")
    settings = Settings(PROJECT_ROOT, folder / "data", folder / "reports")
    build_marts(settings.builds / f"{BUILD_ID}.duckdb", statements=statements)
    return render(settings, WEEK, "city", BUILD_ID).html.read_text(encoding="utf-8")


def plots(html: str) -> list[str]:
    return re.split(r'<div class="plot"', html)[1:]


def series(plot: str) -> list[tuple[str, str]]:
    """Colour and key of each series that has one."""
    return re.findall(r'class="label"[^>]*color: (#[0-9a-f]{6})"><span class="key">(.)</span>', plot)


def test_text_can_be_read_on_white(html):
    sheets = [
        (PROJECT_ROOT / "templates" / "briefing" / f"{name}.css").read_text("utf-8") for name in ("briefing", "screen")
    ]
    colours = {c for sheet in [*sheets, html] for c in re.findall(r"[^-]color: ?(#[0-9a-f]{6})\b", sheet)}
    assert len(colours) > 6
    faint = {c: round(contrast(linear(c), WHITE), 2) for c in colours if contrast(linear(c), WHITE) < TEXT_ON_WHITE}
    assert not faint


def test_series_of_a_plot_differ_in_grey_and_to_every_eye(html):
    pairs = [pair for plot in plots(html) for pair in itertools.combinations(series(plot), 2)]
    assert pairs
    for (one, _), (two, _) in pairs:
        assert contrast(linear(one), linear(two)) >= SERIES_APART, (one, two)
        for deficiency in SIMULATED:
            assert difference(simulate(linear(one), deficiency), simulate(linear(two), deficiency)) >= SEEN_APART


def test_series_of_a_plot_differ_by_shape_as_well(html):
    several = [plot for plot in plots(html) if len(series(plot)) > 1]
    assert several
    for plot in several:
        found = series(plot)
        assert len({key for _, key in found}) == len(found)
        drawn = {
            colour: re.findall(rf'<(?:rect|circle)[^>]* fill="(#\w+)" stroke="{colour}"', plot)[0]
            for colour, _ in found
        }
        assert len({fill == colour for colour, fill in drawn.items()}) == len(found), drawn


def test_a_status_is_a_mark_and_a_word(html):
    cells = re.findall(r'<td class="state (\w+)">(.*?)</td>', html)
    found = {}
    for code, content in cells:
        mark, word = re.fullmatch(r'<span class="mark">(\S)</span>(\S+)', content).groups()
        assert word == STATUSES[code]
        assert found.setdefault(code, mark) == mark
    assert found.keys() == STATUSES.keys()
    assert len(set(found.values())) == len(STATUSES)


def test_good_and_bad_statuses_differ_to_every_eye():
    sheet = (PROJECT_ROOT / "templates" / "briefing" / "briefing.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"\.state\.(\w+) \{ color: (#[0-9a-f]{6}) \}", sheet))
    assert colours.keys() == STATUSES.keys()
    for good, bad in itertools.product(("done", "on_pace"), ("behind", "far_behind")):
        for deficiency in SIMULATED:
            one, two = (simulate(linear(colours[code]), deficiency) for code in (good, bad))
            assert difference(one, two) >= SEEN_APART
