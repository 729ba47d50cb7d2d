"""Builds of what really landed: figures equal the synthetic truth, past moments can be built, readers are safe."""

import contextlib
import json
import shutil
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pypdfium2
import pytest
from click.testing import CliRunner, Result

from simulators.totals import city_totals
from tests.conftest import SATURDAY, SUNDAY, House
from worker_services.briefing.render import render
from worker_services.briefing.verify import verify
from worker_services.cli import main
from worker_services.files import write_json
from worker_services.intervals import SHANGHAI, Week, utc_now
from worker_services.landing import batches
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.warehouse.audit import audit
from worker_services.warehouse.build import BuildFailed, build
from worker_services.warehouse.publish import NotPublishable, current, pointer, publish, read_record, record_path

WEEK = Week.parse("2025-W43")
YEAR_BEGINS = date(2024, 12, 30)  # Monday of 2025-W01


def landed_by(house: House, last: date) -> datetime:
    """The moment at which everything up to a night had landed, and nothing after it."""
    return max(
        item.landed_at
        for partner_id, partner in load_partners().items()
        for feed in partner.feeds
        for item in batches.of_feed(house.settings, partner_id, feed)
        if item.interval.last_day <= last
    )


def truth(house: House, as_of: date) -> dict[str, tuple[float, float]]:
    """Metric: its value in the week and since the year began, counted straight from the synthetic records."""
    week, year = (city_totals(house.partners.world, as_of, first, WEEK.end) for first in (WEEK.start, YEAR_BEGINS))
    return {metric: (week[metric], year[metric]) for metric in week}


def figures(path: Path) -> dict[str, tuple[float, float]]:
    with duckdb.connect(str(path), read_only=True) as database:
        rows = database.execute(
            """
            select metric_id, value::double, cumulative_value::double from marts.rpt_metric_weekly
            where scope_type = 'city' and week_id = ?
            """,
            [str(WEEK)],
        ).fetchall()
    return {metric: (value, cumulative) for metric, value, cumulative in rows}


@pytest.fixture(scope="module")
def of_saturday(full_house: House):
    made = build(full_house.settings, landed_by(full_house, SATURDAY.last_day))
    audit(full_house.settings, made.build_id)
    return publish(full_house.settings, made.build_id)


@pytest.fixture(scope="module")
def sunday(full_house: House) -> datetime:
    """A moment at which everything had landed."""
    return utc_now()


@pytest.fixture(scope="module")
def published(full_house: House, of_saturday, sunday: datetime):
    made = build(full_house.settings, sunday)
    assert made.incremental_from == of_saturday.build_id
    audit(full_house.settings, made.build_id)
    return publish(full_house.settings, made.build_id)


def test_readers_keep_their_build_while_another_is_made(full_house, of_saturday, sunday):
    with duckdb.connect(str(of_saturday.path), read_only=True) as reader:
        assert build(full_house.settings, sunday).is_new
        assert reader.execute("select count(*) from marts.rpt_metric_weekly").fetchone()[0] > 0
    assert current(full_house.settings) == of_saturday


def test_a_build_that_was_not_audited_is_not_published(full_house, of_saturday, sunday):
    made = build(full_house.settings, sunday)
    with pytest.raises(NotPublishable, match="has not passed its audit"):
        publish(full_house.settings, made.build_id)
    wal = made.path.with_name(f"{made.path.name}.wal")
    wal.touch()
    try:
        with pytest.raises(NotPublishable, match="write-ahead log"):
            publish(full_house.settings, made.build_id)
    finally:
        wal.unlink()
    assert current(full_house.settings) == of_saturday


def test_the_figures_of_the_week_equal_the_synthetic_truth(full_house, published):
    expected = truth(full_house, SUNDAY.end)
    assert set(expected) == set(catalogue())
    assert figures(published.path) == {metric: pytest.approx(pair) for metric, pair in expected.items()}


def test_an_earlier_night_is_built_as_it_was_known_then(full_house, of_saturday, published):
    expected = truth(full_house, SATURDAY.end)
    assert figures(of_saturday.path) == {metric: pytest.approx(pair) for metric, pair in expected.items()}
    assert expected != truth(full_house, SUNDAY.end)
    assert current(full_house.settings) == published


def test_success_rate_counts_conclusions_and_leaves_out_withdrawn_and_transferred(full_house, published):
    with duckdb.connect(str(published.path), read_only=True) as database:
        rows = dict(
            database.execute(
                """
                select metric_id, (cumulative_value, cumulative_numerator, cumulative_denominator)
                from marts.rpt_metric_weekly where scope_type = 'city' and week_id = ? and metric_id like 'mediation%'
                """,
                [str(WEEK)],
            ).fetchall()
        )
    rate, agreed, concluded = map(float, rows["mediation_success_rate"])
    assert concluded == float(rows["mediation_cases_concluded"][0]) > 0
    assert rate == pytest.approx(agreed / concluded, abs=0.0001)
    closed = sum(float(rows[f"mediation_cases_{name}"][0]) for name in ("concluded", "withdrawn", "transferred"))
    assert closed <= float(rows["mediation_cases_accepted"][0])
    assert float(rows["mediation_cases_withdrawn"][0]) > 0


def test_who_came_and_who_left_the_register_is_read_off_its_snapshots(full_house, published):
    before, after = (
        full_house.partners.world.truth("hardship_register", night.end).set_index("register_no")
        for night in (SATURDAY, SUNDAY)
    )
    with duckdb.connect(str(published.path), read_only=True) as database:
        changes = database.execute(
            "select change_type, list(distinct register_no order by register_no) "
            "from intermediate.int_hardship_register_changes where snapshot_on = ? group by change_type",
            [SUNDAY.last_day],
        ).fetchall()
        [(on_register, spells_open)] = database.execute(
            "select (select count(*) from intermediate.int_hardship_spells where first_seen_on <= ? "
            "and coalesce(ended_on, date '9999-12-31') > ?), count_if(ended_on is null) "
            "from intermediate.int_hardship_spells",
            [SATURDAY.last_day, SATURDAY.last_day],
        ).fetchall()
    found = dict(changes)
    assert found["came"] == sorted(set(after.index) - set(before.index))
    assert found["left"] == sorted(set(before.index) - set(after.index))
    assert found["changed"]
    assert (on_register, spells_open) == (len(before), len(after))


def test_nothing_new_means_no_new_build(full_house, published):
    again = build(full_house.settings, utc_now() + timedelta(minutes=1))
    assert not again.is_new
    assert again.build_id == published.build_id
    before = pointer(full_house.settings).read_bytes()
    assert publish(full_house.settings, again.build_id) == published
    assert pointer(full_house.settings).read_bytes() == before


@pytest.fixture(scope="module")
def nothing_landed(make_house: Callable[[Path], House], tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with a published build, before anything has landed. Read it; do not change it."""
    house = make_house(tmp_path_factory.mktemp("nothing_landed"))
    made = build(house.settings, datetime.combine(SUNDAY.end, time(2, 30), SHANGHAI))
    audit(house.settings, made.build_id)
    publish(house.settings, made.build_id)
    return house


def test_a_build_that_fails_leaves_the_published_one_alone(nothing_landed: House, house: House):
    shutil.copytree(nothing_landed.settings.data_root, house.settings.data_root, dirs_exist_ok=True)
    first = current(house.settings)
    house.ingest("mini_program", "outreach_events", SUNDAY)
    (parquet,) = house.settings.landing.rglob("*.parquet")
    parquet.write_bytes(parquet.read_bytes()[:100])
    with pytest.raises((BuildFailed, duckdb.Error)):
        build(house.settings, utc_now())
    assert current(house.settings).build_id == first.build_id
    assert [path.stem for path in house.settings.builds.glob("*.duckdb")] == [first.build_id]


def test_the_commands_lead_from_build_to_status(nothing_landed: House, house: House, monkeypatch: pytest.MonkeyPatch):
    """The build is there already, to save the time; nobody has audited or published it."""
    shutil.copytree(nothing_landed.settings.data_root, house.settings.data_root, dirs_exist_ok=True)
    standing = current(house.settings)
    pointer(house.settings).unlink()
    record = read_record(house.settings, standing.build_id)
    del record["audit"]
    write_json(record_path(house.settings, standing.build_id), record)
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.settings.data_root))
    monkeypatch.setenv("WORKER_SERVICES_REPORTS_ROOT", str(house.settings.reports_root))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["warehouse", *arguments])

    made = json.loads(run("build", "--as-of", standing.as_of.isoformat(), "--json").output)
    assert (made["build_id"], made["is_new"]) == (standing.build_id, False)
    early = run("publish", made["build_id"])
    assert early.exit_code == 1
    assert "has not passed its audit" in early.output
    assert run("audit", made["build_id"]).exit_code == 0
    assert run("publish", made["build_id"]).exit_code == 0
    assert json.loads(run("status", "--json").output)["build_id"] == made["build_id"]
    assert run("audit", "build_nobody").exit_code == 1


def test_nothing_landed_shows_zeros_to_the_day_before_the_build(nothing_landed: House):
    with duckdb.connect(str(current(nothing_landed.settings).path), read_only=True) as database:
        [(weeks, metrics, values)] = database.execute(
            "select count(distinct week_id), count(distinct metric_id), count_if(value <> 0) "
            "from marts.rpt_metric_weekly where metric_id not in "
            "(select metric_id from marts.rpt_metric_feeds where feed = 'organisation_members')"
        ).fetchall()
        last_week = database.execute("select week_id from marts.rpt_build").fetchall()
    assert weeks == 43
    assert metrics > 80
    assert values == 0
    assert last_week == [(str(WEEK),)]


def test_nothing_landed_leaves_every_feed_late(nothing_landed: House):
    with duckdb.connect(str(current(nothing_landed.settings).path), read_only=True) as database:
        partners = database.execute(
            "select count(*), count(data_through), bool_and(is_late) from marts.rpt_partner_freshness"
        ).fetchone()
    assert partners == (sum(len(item.feeds) for item in load_partners().values()), 0, True)


def test_partners_that_never_came_leave_the_others_in_the_briefing(house: House):
    """Both hospitals and the mediation centre are down on the only night there is."""
    down = {"maternity_hospital", "eye_hospital", "mediation_center"}
    for partner_id, partner in load_partners().items():
        with contextlib.ExitStack() as faults:
            if partner_id in down:
                faults.enter_context(house.partners.faulty(partner_id, "down"))
            for feed in partner.feeds:
                assert house.ingest(partner_id, feed, SUNDAY).is_landed == (partner_id not in down)
    made = build(house.settings, utc_now())
    audit(house.settings, made.build_id)
    publish(house.settings, made.build_id)
    with duckdb.connect(str(made.path), read_only=True) as database:
        late = database.execute("select distinct partner_id from marts.rpt_partner_freshness where is_late").fetchall()
    assert {partner_id for (partner_id,) in late} == down
    assert figures(made.path)["training_person_times"][0] > 0
    render(house.settings, WEEK, "city", made.build_id)
    assert verify(house.settings, WEEK, "city").figures > 100
    pdf = pypdfium2.PdfDocument(house.settings.reports_root / "briefings" / str(WEEK) / "city.pdf")
    text = "".join("".join(page.get_textpage().get_text_range().split()) for page in pdf)
    for partner_id in down:
        assert "".join(load_partners()[partner_id].name.split()) in text
    assert "△" in text
