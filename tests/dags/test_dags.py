import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from worker_services.partners.registry import load_partners

INGEST = {"ingest_employment", "ingest_hardship", "ingest_health", "ingest_leadership", "ingest_rights"}
ALL = {*INGEST, "build_warehouse", "maintain", "weekly_briefing"}
DRIVERS = {"asyncssh", "psycopg", "pymysql"}
HEAVY = {"pandas", "numpy", "duckdb", "pyarrow", "dbt", "great_expectations", "weasyprint", *DRIVERS}

Found = dict[str, Any]


def test_the_dags_are_found_and_none_is_broken(found: Found) -> None:
    assert set(found["dags"]) == ALL
    assert found["errors"] == {}


def test_a_broken_file_shows_as_an_error(describe: Callable[[Path], Found], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("from airflow.sdk import dag\nraise RuntimeError('broken on purpose')\n")
    found = describe(tmp_path)
    assert found["dags"] == {}
    assert "broken on purpose" in "".join(found["errors"].values())


def test_reading_the_dags_is_cheap(found: Found) -> None:
    assert HEAVY.isdisjoint(found["modules"])
    assert found["seconds"] < 2, "processor seconds for all files; the scheduler does this all day"


@pytest.mark.parametrize("dag_id", sorted(ALL))
def test_whoever_meets_a_red_square_knows_whose_it_is_and_what_to_do(found: Found, dag_id: str) -> None:
    dag = found["dags"][dag_id]
    assert "### When a square is red" in dag["doc"]
    for task_id in {task_id.rpartition(".")[2] for task_id in dag["tasks"]} - {"ingest"}:
        assert f"`{task_id}`" in dag["doc"], f"the page of {dag_id} does not say what to do when {task_id} is red"
    assert {task["owner"] for task in dag["tasks"].values()} == {"data-team"}
    assert dag["tags"]


@pytest.mark.parametrize("dag_id", sorted(ALL))
def test_tasks_are_tried_again_with_a_growing_pause(found: Found, dag_id: str) -> None:
    for task_id, task in found["dags"][dag_id]["tasks"].items():
        if task_id == "account_for_batches":  # what it finds does not change by waiting
            assert task["retries"] == 0
        else:
            assert task["retries"] >= 1
            assert 0 < task["retry_seconds"] <= 600
            assert task["backoff"]


def test_every_partner_and_feed_is_one_mapped_task_of_its_domain(found: Found) -> None:
    expected = {
        (partner.domain, partner.partner, feed, partner.connection)
        for partner in load_partners().values()
        for feed in partner.feeds
    }
    mapped = [
        (dag_id.removeprefix("ingest_"), given["partner"], given["feed"], given["connection"])
        for dag_id in INGEST
        for given in found["dags"][dag_id]["tasks"]["ingest"]["mapped_over"]
    ]
    assert len(mapped) == len(expected) > 0
    assert set(mapped) == expected


@pytest.mark.parametrize("dag_id", sorted(INGEST))
def test_one_partner_down_does_not_keep_the_batches_from_being_accounted_for(found: Found, dag_id: str) -> None:
    tasks = found["dags"][dag_id]["tasks"]
    account, landed = tasks["account_for_batches"], tasks["all_landed"]
    assert account["upstream"] == landed["upstream"] == ["ingest"]
    assert (account["trigger_rule"], landed["trigger_rule"]) == ("all_done", "all_success")


def test_the_warehouse_is_audited_before_it_is_published(found: Found) -> None:
    tasks = found["dags"]["build_warehouse"]["tasks"]
    assert tasks["publish"]["upstream"] == ["audit"]
    assert tasks["audit"]["upstream"] == ["build"]
    assert tasks["publish"]["trigger_rule"] == tasks["audit"]["trigger_rule"] == "all_success"


def test_a_briefing_is_verified_and_passes_its_gate_before_it_is_sent(found: Found) -> None:
    tasks = found["dags"]["weekly_briefing"]["tasks"]
    order = ["edition.render", "edition.gate", "edition.approve", "edition.send"]
    for before, after in itertools.pairwise(order):
        assert before in tasks[after]["upstream"]
    rules = {task: tasks[task]["trigger_rule"] for task in order}
    # A green issue asks nobody: `approve` is skipped then, and nothing but that may be.
    assert rules == dict.fromkeys(order, "all_success") | {"edition.send": "none_failed"}


def test_what_was_sent_is_traced_whatever_became_of_other_editions(found: Found) -> None:
    tasks = found["dags"]["weekly_briefing"]["tasks"]
    traced, sent = tasks["trace_figures"], tasks["all_sent"]
    assert {"edition.send"} <= {*traced["upstream"]} & {*sent["upstream"]}
    assert (traced["trigger_rule"], sent["trigger_rule"]) == ("all_done", "all_success")


def test_the_ledger_is_checked_every_night_whatever_becomes_of_the_rest(found: Found) -> None:
    tasks = found["dags"]["maintain"]["tasks"]
    assert set(tasks) == {"expire_vault", "compact_landing", "verify_ledger"}
    assert tasks["verify_ledger"]["upstream"] == []


def test_an_issue_that_waits_for_a_person_does_not_wait_for_ever(found: Found) -> None:
    asked = found["dags"]["weekly_briefing"]["tasks"]["edition.approve"]
    assert asked["operator"] == "IssueApproval"
    assert 0 < asked["response_seconds"] <= 24 * 3600


@pytest.mark.parametrize("dag_id", sorted(INGEST))
def test_nights_follow_each_other_and_none_is_left_out(found: Found, dag_id: str) -> None:
    dag = found["dags"][dag_id]
    assert dag["catchup"]
    assert dag["max_active_runs"] == 1
    assert dag["first_runs"] == [
        ["2025-10-24T18:30:00+00:00", "2025-10-25T18:30:00+00:00"],  # 02:30 to 02:30 in Shanghai
        ["2025-10-25T18:30:00+00:00", "2025-10-26T18:30:00+00:00"],
    ]


def test_the_first_briefing_is_of_the_week_that_holds_the_first_night(found: Found) -> None:
    first, _ = found["dags"]["weekly_briefing"]["first_runs"]
    assert first == ["2025-10-19T23:00:00+00:00", "2025-10-26T23:00:00+00:00"]  # Mondays 07:00 in Shanghai
