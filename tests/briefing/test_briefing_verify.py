import shutil

import duckdb
import pytest
from click.testing import CliRunner
from rpt_marts import BUILD_ID, WEEK

from worker_services.briefing.cli import briefing as cli
from worker_services.briefing.errors import FigureMismatch
from worker_services.briefing.figures import COLUMN_ZH
from worker_services.briefing.files import BriefingFiles
from worker_services.briefing.marts import build_path
from worker_services.briefing.render import render
from worker_services.briefing.verify import CLAIMS, verify
from worker_services.settings import Settings


def test_a_good_issue_passes_figure_by_figure(issue):
    verified = verify(issue, WEEK, "city")
    assert verified.figures > 400
    assert verified.distinct_figures > 300
    assert verified.build_id == BUILD_ID


def test_the_verifier_knows_the_words_of_every_column():
    assert CLAIMS["zh"].keys() == CLAIMS["en"].keys() >= COLUMN_ZH.keys()
    assert {column: words for column, words in COLUMN_ZH.items() if not CLAIMS["zh"][column][0].endswith(words)} == {
        "pace_gap": "进度差"
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        pytest.param(
            "tables.html.j2",
            '{{ fig(row.cells.completion_rate, "table")',
            '{{ fig(row.cells.completion_rate, "table")|replace(".", ".0")',
            "the text at its place",
            id="template rounds wrongly",
        ),
        pytest.param(
            "tables.html.j2",
            '<td class="r">{{ fig(row.cells.value, "table") }}</td>\n'
            '<td class="r strong">{{ fig(row.cells.cumulative_value, "table") }}</td>',
            '<td class="r strong">{{ fig(row.cells.cumulative_value, "table") }}</td>\n'
            '<td class="r">{{ fig(row.cells.value, "table") }}</td>',
            "no such head to its row or column",
            id="two columns swapped",
        ),
        pytest.param(
            "briefing.html.j2",
            "</h1>",
            "</h1><p>本周共43家单位参加。</p>",
            "a number that no mart stands behind",
            id="stray number, which elsewhere is a declared one",
        ),
    ],
)
def test_a_template_that_lies_is_caught(own_templates, file, old, new, reason):
    settings = own_templates(file, old, new)
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(FigureMismatch, match=reason) as caught:
        verify(settings, WEEK, "city")
    assert caught.value.page
    assert "must not be sent" in str(caught.value)


@pytest.mark.parametrize(
    ("edition", "file", "old", "new", "reason"),
    [
        pytest.param(
            "eye_hospital",
            "charts.svg.j2",
            "<b>{{ fig(card.cells.cumulative_value) }}</b>",
            '<b>{{ fig(card.cells.cumulative_value)|replace(",", "") }}</b>',
            "the text at its place",
            id="card written another way",
        ),
        pytest.param(
            "eye_hospital",
            "charts.svg.j2",
            '<span class="small">{{ _("累计") }}</span>',
            '<span class="small">{{ _("本周") }}</span>',
            "the sentence speaks of '本周'",
            id="card that names another column",
        ),
        pytest.param(
            "city",
            "tables.html.j2",
            '{{ fig(row.cells[0], "table") }}</td><td class="r">{{ fig(row.cells[1], "table") }}',
            '{{ fig(row.cells[1], "table") }}</td><td class="r">{{ fig(row.cells[0], "table") }}',
            "no such head to its row or column",
            id="score of the data and its change swapped",
        ),
        pytest.param(
            "city",
            "tables.html.j2",
            '<td class="once">{{ row.head[1] }}</td><td class="r strong">',
            '<td class="once">优</td><td class="r strong">',
            "quality_score/.*no such head",
            id="a better grade than the score has",
        ),
        pytest.param(
            "nanguan",
            "tables.html.j2",
            '{{ fig(row.due, "table") }}</td><td class="once">{{ fig(row.closed, "table") }}',
            '{{ fig(row.closed, "table") }}</td><td class="once">{{ fig(row.due, "table") }}',
            "no such head to its row or column",
            id="deadline and day of closing swapped",
        ),
        pytest.param(
            "nanguan",
            "tables.html.j2",
            '{{ fig(row.printed, "table") }}</td><td class="r">{{ fig(row.current, "table") }}',
            '{{ fig(row.current, "table") }}</td><td class="r">{{ fig(row.printed, "table") }}',
            "no such head to its row or column",
            id="printed and restated swapped",
        ),
    ],
)
def test_a_template_that_lies_on_the_figure_pages_is_caught(own_templates, edition, file, old, new, reason):
    settings = own_templates(file, old, new)
    render(settings, WEEK, edition, BUILD_ID)
    with pytest.raises(FigureMismatch, match=reason):
        verify(settings, WEEK, edition)


def test_what_the_issue_before_printed_is_held_against_its_record(issue, tmp_path):
    shutil.copytree(issue.data_root, tmp_path / "data")
    settings = Settings(issue.project_root, tmp_path / "data", issue.reports_root)
    with duckdb.connect(str(build_path(settings, BUILD_ID))) as connection:
        connection.execute(
            "update marts.rpt_printed_figures set printed_text = '1' where metric_id = 'vouchers_issued' "
            "and scope_type = 'city' and figure = 'cumulative_value'"
        )
    with pytest.raises(FigureMismatch, match="printed/city/vouchers_issued"):
        verify(settings, WEEK, "city")


def test_a_sentence_that_names_another_column_is_caught(house, monkeypatch):
    from worker_services.briefing import narrative

    def swapped(book, metric):
        return ["本周", book.metric(metric, "cumulative_value"), "，累计", book.metric(metric, "value"), "。"]

    monkeypatch.setattr(narrative, "target_metric", swapped)
    settings = house()
    render(settings, WEEK, "city", BUILD_ID)
    with pytest.raises(FigureMismatch, match="the sentence speaks of '本周'"):
        verify(settings, WEEK, "city")


def test_a_mart_that_differs_from_the_print_is_caught(issue, tmp_path):
    shutil.copytree(issue.data_root, tmp_path / "data")
    shutil.copytree(issue.reports_root, tmp_path / "reports")
    settings = Settings(issue.project_root, tmp_path / "data", tmp_path / "reports")
    verify(settings, WEEK, "city")
    with duckdb.connect(str(build_path(settings, BUILD_ID))) as connection:
        connection.execute(
            "update marts.rpt_metric_weekly set value = value + 1 "
            "where metric_id = 'training_sessions' and scope_type = 'city' and week_id = '2025-W43'"
        )
    with pytest.raises(FigureMismatch) as caught:
        verify(settings, WEEK, "city")
    assert caught.value.figure == "training_sessions/city/220100/2025-W43/value"
    assert (caught.value.printed, caught.value.expected) == ("2", "3")
    files = BriefingFiles.at(settings, WEEK, "city")
    files.figures_csv.write_bytes(files.figures_csv.read_bytes().replace(b",2,", b",3,"))
    with pytest.raises(FigureMismatch, match="the attachment"):
        verify(settings, WEEK, "city")


def test_the_command_says_what_is_wrong(issue, monkeypatch):
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(issue.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(issue.reports_root))
    run = CliRunner().invoke
    good = run(cli, ["verify", "2025-W43", "--json"])
    assert good.exit_code == 0
    assert '"distinct_figures"' in good.output
    assert "write it like 2025-W43" in run(cli, ["verify", "W43"]).output
    assert "run 'worker-services briefing render 2025-W30'" in run(cli, ["verify", "2025-W30"]).output
    assert "no warehouse build has been published" in run(cli, ["render", "2025-W43"]).output
    late = run(cli, ["render", "2025-W50", "--build", BUILD_ID])
    assert late.exit_code == 1
    assert "covers complete weeks 2025-W01 to 2025-W43" in late.output
