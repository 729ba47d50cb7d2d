"""Two sources that report the same thing, landed by hand: what is compared, what differs, and that nobody is named."""

from collections.abc import Iterator

import pytest

from tests.warehouse.by_hand.reconciliation import DIFFERENCES, TOTALS, land
from tests.warehouse.fixed_landing import Build, Landing, dbt_build, worker_key


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    landing = Landing(tmp_path_factory.mktemp("reconciliation") / "warehouse.duckdb")
    land(landing)
    models = ("rpt_reconciliation_weekly", "rpt_reconciliation_differences", "fct_worker_systems")
    chosen = [option for model in models for option in ("--select", f"+{model}")]
    options = ("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
    yield dbt_build(landing.write(), *chosen, *options)


def test_every_difference_is_a_row_with_both_records(compared: Build) -> None:
    found = compared.query(
        "select kind, difference, record_id, other_record_id, said, other_said, week_id "
        "from marts.fct_reconciliation_differences order by all"
    )
    expected = [(*row[:6], f"2025-{row[6]}") for row in DIFFERENCES]
    assert found == sorted(expected, key=lambda row: [(value is None, value) for value in row])


def test_each_record_comes_with_its_batch(compared: Build) -> None:
    assert compared.query(
        "select count(*), count_if((record_id is null) <> (batch_id is null)), "
        "count_if((other_record_id is null) <> (other_batch_id is null)), count_if(batch_id not in "
        "(select batch_id from landing.batches) or other_batch_id not in (select batch_id from landing.batches)) "
        "from marts.fct_reconciliation_differences"
    ) == [(len(DIFFERENCES), 0, 0, 0)]


def test_every_comparison_is_counted_once(compared: Build) -> None:
    found = compared.query(
        "select kind, sum(rows_compared), sum(rows_agreed), sum(rows_differing), sum(rows_partner_only), "
        "sum(rows_other_only) from marts.rpt_reconciliation_weekly group by kind order by min(kind_order)"
    )
    assert found == [row[:6] for row in TOTALS]


def test_differences_are_counted_by_name(compared: Build) -> None:
    assert compared.query(
        "select difference_zh, sum(differences) from marts.rpt_reconciliation_differences "
        "where difference = 'hire_unregistered' group by 1"
    ) == [("招聘会登记入职，超期未见用工备案", 3)]


def test_a_difference_names_no_worker(compared: Build) -> None:
    workers = {key for (key,) in compared.query("select distinct worker_key from marts.fct_worker_systems")}
    assert {worker_key(name) for name in ("w6", "w16", "h5")} <= workers
    values = {value for row in compared.query("select * from marts.fct_reconciliation_differences") for value in row}
    assert not (workers | {str(key) for key in workers}) & values


def test_a_worker_stands_in_each_system(compared: Build) -> None:
    assert compared.query(
        "select partner_id, records, organisation_code, age_band from marts.fct_worker_systems "
        f"where worker_key = '{worker_key('w5')}' order by partner_id"
    ) == [("maternity_hospital", 1, "220103", "35-44"), ("mini_program", 1, "220102", None)]
