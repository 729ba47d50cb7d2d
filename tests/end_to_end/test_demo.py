import json
from pathlib import Path

import duckdb
import leaks
import psutil
import pypdfium2
import pytest
from two_runs import PLAN, Lived

from simulators.world import Interval, make_world
from worker_services.landing import outcomes
from worker_services.partners.registry import load_partners
from worker_services.warehouse.publish import current

pytestmark = pytest.mark.timeout(3600)  # to stop a hang; a quiet machine needs ten minutes


def test_every_expected_batch_has_its_outcome(lived: Lived) -> None:
    for interval in PLAN.intervals:
        for partner in load_partners().values():
            for feed in partner.feeds:
                outcome = outcomes.latest(lived.place.settings, partner.partner, feed, interval)
                assert outcome and outcome.is_landed, f"{partner.partner} {feed} {interval}: {outcome}"


def test_everything_lies_where_others_look_for_it(lived: Lived) -> None:
    settings = lived.place.settings
    build = current(settings)
    assert build
    assert build.path.parent == settings.data_root / "warehouse" / "builds"
    with duckdb.connect(str(build.path), read_only=True) as warehouse:
        assert warehouse.execute("select week_id, is_demo from marts.rpt_build").fetchall() == [("2025-W43", True)]
        cases = """
            select cumulative_value > 0 from marts.rpt_metric_weekly
            where metric_id = 'mediation_cases_accepted' and scope_type = 'city' and week_id = '2025-W43'
        """
        assert warehouse.execute(cases).fetchall() == [(True,)]
    briefing = settings.reports_root / "briefings" / "2025-W43"
    with pypdfium2.PdfDocument(briefing / "city.pdf") as document:
        assert len(document) >= 1
    assert json.loads((briefing / "city.figures.json").read_text(encoding="utf-8"))
    assert (briefing / "city.figures.csv").stat().st_size
    for interval in PLAN.intervals:
        assert (settings.reports_root / "quality" / str(interval.last_day) / "index.html").exists()
    mails = [path.name for path in (settings.reports_root / "outbox").glob("*.eml")]
    notices = [name for name in mails if name.startswith("notice_")]
    assert len(mails) == len(notices) + len(PLAN.editions)
    assert len(notices) >= len(load_partners())


def test_the_second_run_changes_nothing_and_says_so(lived: Lived) -> None:
    first, second = lived.files
    assert len(first) > 100
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()
    count = sum(len(partner.feeds) for partner in load_partners().values())
    assert f"{count} unchanged" not in lived.said[0]
    assert lived.said[1].count(f"{count} batches: {count} unchanged") == len(PLAN.intervals)
    assert lived.said[1].count("nothing new") == len(PLAN.intervals)
    assert "0 new mail" in lived.said[1]


def test_nothing_is_left_running(lived: Lived) -> None:
    home = str(lived.place.airflow_home)
    left = [process for process in psutil.process_iter(["environ"]) if home in str(process.info["environ"])]
    assert left == []


def test_no_person_is_in_anything_that_a_run_leaves(lived: Lived) -> None:
    names = names_delivered()
    read, found = 0, set()
    for root in (lived.place.settings.data_root, lived.place.settings.reports_root, lived.place.airflow_home):
        for path, text in leaks.texts(root):
            read += 1
            if people := leaks.people_in(text, names):
                found.add(f"{path.relative_to(root.parent)}: {len(people)} persons")  # never who
    assert read > 100
    assert found == set()


def test_a_person_would_be_found_in_each_kind_of_file(tmp_path: Path) -> None:
    names = names_delivered()
    name = sorted(names)[0]
    row = "select '22010019800101123X' as a, '19900123456' as b, ? as c"
    with duckdb.connect(str(tmp_path / "a.duckdb")) as database:
        database.execute(f"create table leaked as {row}", [name])
        database.execute(f"copy ({row}) to '{tmp_path / 'b.parquet'}'", [name])
    (tmp_path / "c.log").write_text(f"worker 22010019800101123X, 19900123456, {name}\n", encoding="utf-8")
    (tmp_path / "d.csv").write_text(f"\uff12\uff12010019800101123X,19900123456,客户{name}先生\n", encoding="gb18030")
    found = {path.name: leaks.people_in(text, names) for path, text in leaks.texts(tmp_path)}
    assert set(found) == {"a.duckdb", "b.parquet", "c.log", "d.csv"}
    for people in found.values():
        assert people == {"22010019800101123X", "19900123456", name}


def names_delivered() -> frozenset[str]:
    return leaks.names_delivered(make_world(), [Interval.parse(str(interval)) for interval in PLAN.intervals])
