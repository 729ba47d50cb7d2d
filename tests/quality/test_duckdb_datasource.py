"""Great Expectations on DuckDB says what hand-written SQL says, and an engine's error is neither pass nor failure."""

import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy

from worker_services import engines
from worker_services.quality.checks import EXPECTATIONS

TABLE = """
    select
        i as id,
        if(i = 7, null, 'V' || lpad(i::varchar, 3, '0')) as code,
        ['a', 'b', 'c'][1 + i % 3] as kind,
        if(i % 4 = 0, null, i * 1.5)::decimal(18, 4) as amount,
        date '2025-10-01' + i::int as day,
        timestamp '2025-10-01 08:00:00' + i * interval 1 hour as seen_at,
        i % 2 = 0 as flag
    from range(20) as numbers (i)
"""

# expectation, arguments, whether it holds, in SQL over `batch`
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("expect_column_distinct_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b", "c", "d"]},
     "select count(*) = 0 from batch where kind not in ('a', 'b', 'c', 'd')"),
    ("expect_column_distinct_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]},
     "select count(*) = 0 from batch where kind not in ('a', 'b')"),
    ("expect_column_distinct_values_to_contain_set", {"column": "kind", "value_set": ["a", "b"]},
     "select count(distinct kind) = 2 from batch where kind in ('a', 'b')"),
    ("expect_column_distinct_values_to_contain_set", {"column": "kind", "value_set": ["a", "x"]},
     "select count(distinct kind) = 2 from batch where kind in ('a', 'x')"),
    ("expect_column_max_to_be_between", {"column": "amount", "max_value": 28.5},
     "select max(amount) <= 28.5 from batch"),
    ("expect_column_max_to_be_between", {"column": "amount", "max_value": 28.4},
     "select max(amount) <= 28.4 from batch"),
    ("expect_column_mean_to_be_between", {"column": "amount", "min_value": 15, "max_value": 15},
     "select avg(amount) = 15 from batch"),
    ("expect_column_mean_to_be_between", {"column": "amount", "min_value": 15.01},
     "select avg(amount) >= 15.01 from batch"),
    ("expect_column_min_to_be_between", {"column": "amount", "min_value": 1.5},
     "select min(amount) >= 1.5 from batch"),
    ("expect_column_min_to_be_between", {"column": "amount", "min_value": 1.6},
     "select min(amount) >= 1.6 from batch"),
    ("expect_column_most_common_value_to_be_in_set", {"column": "kind", "value_set": ["a", "b"], "ties_okay": True},
     "select bool_or(n = top and kind in ('a', 'b')) from "
     "(select kind, count(*) as n, max(count(*)) over () as top from batch group by kind)"),
    ("expect_column_most_common_value_to_be_in_set", {"column": "kind", "value_set": ["c"], "ties_okay": True},
     "select bool_or(n = top and kind = 'c') from "
     "(select kind, count(*) as n, max(count(*)) over () as top from batch group by kind)"),
    ("expect_column_pair_values_a_to_be_greater_than_b",
     {"column_A": "amount", "column_B": "id", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
     "select count(*) = 0 from batch where not amount >= id"),
    ("expect_column_pair_values_a_to_be_greater_than_b",
     {"column_A": "id", "column_B": "amount", "ignore_row_if": "either_value_is_missing"},
     "select count(*) = 0 from batch where not id > amount"),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "amount", "min_value": 0.75},
     "select count(amount) / count(*) >= 0.75 from batch"),
    ("expect_column_proportion_of_non_null_values_to_be_between", {"column": "amount", "min_value": 0.76},
     "select count(amount) / count(*) >= 0.76 from batch"),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "id", "min_value": 1},
     "select count(distinct id) / count(*) >= 1 from batch"),
    ("expect_column_proportion_of_unique_values_to_be_between", {"column": "kind", "min_value": 0.5},
     "select count(distinct kind) / count(*) >= 0.5 from batch"),
    ("expect_column_sum_to_be_between", {"column": "amount", "max_value": 225},
     "select sum(amount) <= 225 from batch"),
    ("expect_column_sum_to_be_between", {"column": "amount", "max_value": 224},
     "select sum(amount) <= 224 from batch"),
    ("expect_column_unique_value_count_to_be_between", {"column": "kind", "min_value": 3},
     "select count(distinct kind) >= 3 from batch"),
    ("expect_column_unique_value_count_to_be_between", {"column": "kind", "min_value": 4},
     "select count(distinct kind) >= 4 from batch"),
    ("expect_column_value_lengths_to_be_between", {"column": "code", "min_value": 4, "max_value": 4},
     "select count(*) = 0 from batch where length(code) <> 4"),
    ("expect_column_value_lengths_to_be_between", {"column": "code", "min_value": 5},
     "select count(*) = 0 from batch where length(code) < 5"),
    ("expect_column_values_to_be_between", {"column": "seen_at", "max_value": "2025-10-02 03:00:00"},
     "select count(*) = 0 from batch where seen_at > timestamp '2025-10-02 03:00:00'"),
    ("expect_column_values_to_be_between", {"column": "day", "max_value": "2025-10-10", "mostly": 0.4},
     "select avg(if(day <= date '2025-10-10', 1, 0)) >= 0.4 from batch"),
    ("expect_column_values_to_be_between", {"column": "day", "max_value": "2025-10-10", "mostly": 0.6},
     "select avg(if(day <= date '2025-10-10', 1, 0)) >= 0.6 from batch"),
    ("expect_column_values_to_be_in_set", {"column": "flag", "value_set": [False], "mostly": 0.5},
     "select avg(if(flag, 0, 1)) >= 0.5 from batch"),
    ("expect_column_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]},
     "select count(*) = 0 from batch where kind not in ('a', 'b')"),
    ("expect_column_values_to_be_null", {"column": "amount", "mostly": 0.25},
     "select avg(if(amount is null, 1, 0)) >= 0.25 from batch"),
    ("expect_column_values_to_be_null", {"column": "amount"},
     "select count(amount) = 0 from batch"),
    ("expect_column_values_to_be_unique", {"column": "code"},
     "select count(code) = count(distinct code) from batch"),
    ("expect_column_values_to_be_unique", {"column": "kind"},
     "select count(kind) = count(distinct kind) from batch"),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "0[0-4]"},
     "select count(*) = 0 from batch where not regexp_matches(code, '0[0-4]')"),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "^0"},
     "select count(*) = 0 from batch where not regexp_matches(code, '^0')"),
    ("expect_column_values_to_not_be_in_set", {"column": "kind", "value_set": ["x"]},
     "select count(*) = 0 from batch where kind in ('x')"),
    ("expect_column_values_to_not_be_in_set", {"column": "kind", "value_set": ["a"]},
     "select count(*) = 0 from batch where kind in ('a')"),
    ("expect_column_values_to_not_be_null", {"column": "id"}, "select count(*) = count(id) from batch"),
    ("expect_column_values_to_not_be_null", {"column": "code"}, "select count(*) = count(code) from batch"),
    ("expect_column_values_to_not_match_regex", {"column": "code", "regex": "[0-9]{4}"},
     "select count(*) = 0 from batch where regexp_matches(code, '[0-9]{4}')"),
    ("expect_column_values_to_not_match_regex", {"column": "code", "regex": "1$"},
     "select count(*) = 0 from batch where regexp_matches(code, '1$')"),
    ("expect_compound_columns_to_be_unique", {"column_list": ["kind", "id"]},
     "select count(*) = count(distinct (kind, id)) from batch"),
    ("expect_compound_columns_to_be_unique", {"column_list": ["kind", "flag"]},
     "select count(*) = count(distinct (kind, flag)) from batch"),
    ("expect_table_columns_to_match_set",
     {"column_set": ["seen_at", "id", "code", "kind", "amount", "day", "flag"], "exact_match": True}, "select true"),
    ("expect_table_columns_to_match_set", {"column_set": ["id", "code"], "exact_match": True}, "select false"),
    ("expect_table_row_count_to_be_between", {"min_value": 20, "max_value": 20},
     "select count(*) between 20 and 20 from batch"),
    ("expect_table_row_count_to_be_between", {"min_value": 21}, "select count(*) >= 21 from batch"),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "select id from {batch} where amount > 28.5"},
     "select count(*) = 0 from batch where amount > 28.5"),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "select id from {batch} where amount > 28"},
     "select count(*) = 0 from batch where amount > 28"),
]  # fmt: skip


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("it's 08:30") / "feed=f" / "date=2025-10-25"
    folder.mkdir(parents=True)
    path = folder / "batch.parquet"
    duckdb.sql(TABLE).write_parquet(str(path))
    return path


def validate(relation: str, *expectations: tuple[str, dict[str, Any]], database: Path | None = None) -> list[Any]:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.registry import get_expectation_impl

    from worker_services.quality.duckdb_datasource import open_relations

    suite = ExpectationSuite(
        "suite",
        [
            get_expectation_impl(name)(**arguments, meta={"place": place})
            for place, (name, arguments) in enumerate(expectations)
        ],
    )
    with open_relations({"batch": relation}, database) as batches:
        results = batches["batch"].validate(suite).results
    return sorted(results, key=lambda result: result.expectation_config.meta["place"])


def expectation(name: str, **arguments: Any) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(name)(**arguments)


@pytest.fixture(scope="module")
def results(parquet: Path) -> list[Any]:
    from worker_services.sql_literals import parquet_relation

    return validate(parquet_relation(parquet), *((name, arguments) for name, arguments, _ in CASES))


def raised(result: Any) -> bool:
    info = result.exception_info
    entries = [info] if "raised_exception" in info else info.values()
    return any(entry["raised_exception"] for entry in entries)


def test_every_expectation_a_suite_may_use_is_compared_with_sql() -> None:
    assert {name for name, _, _ in CASES} == set(EXPECTATIONS)


@pytest.mark.parametrize("place", range(len(CASES)), ids=[name for name, _, _ in CASES])
def test_agrees_with_sql(results: list[Any], place: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create view batch as {TABLE}")
        (holds,) = connection.execute(CASES[place][2]).fetchone()
    assert not raised(results[place])
    assert results[place].success is holds


def test_both_answers_occur() -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create view batch as {TABLE}")
        answers: dict[str, set[bool]] = {}
        for name, _, sql in CASES:
            answers.setdefault(name, set()).update(connection.execute(sql).fetchone())
    assert all(found == {True, False} for found in answers.values())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("expect_column_values_to_not_be_null", {"column": "absent"}),
        ("expect_column_mean_to_be_between", {"column": "kind", "min_value": 1}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select nonsense( from {batch}"}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} where kind::int > 1"}),
    ],
)
def test_an_engine_error_is_an_error(parquet: Path, name: str, arguments: dict[str, Any]) -> None:
    from worker_services.sql_literals import parquet_relation

    broken, sound = validate(
        parquet_relation(parquet),
        (name, arguments),
        ("expect_table_row_count_to_be_between", {"min_value": 20, "max_value": 20}),
    )
    assert raised(broken)
    assert not raised(sound)
    assert sound.success


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    from worker_services.sql_literals import parquet_relation

    (result,) = validate(
        parquet_relation(tmp_path / "gone.parquet"), ("expect_table_row_count_to_be_between", {"min_value": 0})
    )
    assert raised(result)


def test_a_database_is_opened_read_only(tmp_path: Path) -> None:
    from worker_services.quality.duckdb_datasource import ephemeral_context, open_relations

    path = tmp_path / "build.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("create table numbers as select 1 as n")
    before = path.read_bytes()
    with open_relations({"numbers": "select * from numbers"}, path):
        engine = ephemeral_context().data_sources.get("duckdb").get_execution_engine()
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="read-only"):
            engine.execute_query(sqlalchemy.text("insert into numbers values (2)"))
    with duckdb.connect(str(path)) as database:  # and the file is let go of
        assert database.execute("select count(*) from numbers").fetchone() == (1,)
    assert path.read_bytes() == before


@pytest.mark.parametrize("is_warehouse", [False, True], ids=["batch", "warehouse"])
def test_what_does_not_fit_below_the_ceiling_is_laid_out_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_warehouse: bool
) -> None:
    from worker_services.quality.duckdb_datasource import ephemeral_context, open_relations
    from worker_services.sql_literals import parquet_relation

    large = "select sha256(i::varchar) as key from range(3000000) as numbers (i)"
    path = tmp_path / "large"
    if is_warehouse:
        with duckdb.connect(str(path)) as database:
            database.execute(f"create table keys as {large}")
    else:
        duckdb.sql(large).write_parquet(str(path))
    spilling = tmp_path / "spilling"
    spilling.mkdir()
    monkeypatch.setenv("TMPDIR", str(spilling))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(engines, "MEMORY_LIMIT", "160MB")
    relation, database_path = ("select * from keys", path) if is_warehouse else (parquet_relation(path), None)
    with open_relations({"batch": relation}, database_path) as batches:
        result = batches["batch"].validate(expectation("expect_column_values_to_be_unique", column="key"))
        engine = ephemeral_context().data_sources.get("duckdb").get_execution_engine()
        (limit,) = engine.execute_query(sqlalchemy.text("select current_setting('memory_limit')")).fetchone()
        assert not raised(result)
        assert result.success
        assert limit == "152.5 MiB"
        assert list(spilling.glob("*/spill"))
    assert not [*spilling.iterdir()]


def test_rows_that_break_a_rule_are_counted_and_not_fetched() -> None:
    from worker_services.quality.duckdb_datasource import open_relations

    with open_relations({"batch": "select i as id from range(300000) as numbers (i)"}) as batches:
        every_row = expectation("unexpected_rows_expectation", unexpected_rows_query="select id from {batch}")
        tracemalloc.start()
        try:
            result = batches["batch"].validate(every_row)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert not raised(result)
    assert (result.success, result.result["observed_value"]) == (False, 300_000)
    assert peak < 10_000_000
