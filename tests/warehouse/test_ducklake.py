"""The same landing, built by the same models on two engines: into a file of DuckDB's own, and into a DuckLake."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse import same_builds
from tests.warehouse.fixed_landing import Build, dbt_build
from worker_services.warehouse.ducklake import compare

WITHOUT_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def lake(fixed: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a DuckLake, made from the landing schema of the fixed build."""
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUCKLAKE_PATH", str(folder))
        dbt_build(fixed.path, *WITHOUT_TESTS, "--target", "ducklake", folder=folder)
    return folder


def test_every_table_is_equal_row_for_row_and_type_for_type(fixed: Build, lake: Path) -> None:
    compared = compare(fixed.path, lake)
    assert compared.differences == []
    nodes = [*fixed.nodes("seed"), *fixed.nodes("model")]
    assert len(nodes) > 200
    assert set(compared.rows) == {f"{node['schema']}.{node['alias']}" for node in nodes}
    empty = {table.partition(".")[2] for table, rows in compared.rows.items() if not rows}
    assert empty == set(same_builds.OF_ONE_BUILD) - {"int_measure_persons"}  # no build went before


def test_whatever_differs_is_found(fixed: Build, lake: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "changed.duckdb")) as changed:
        changed.execute(f"attach '{fixed.path}' as build (read_only); create schema seeds; create schema marts")
        for table in ("seeds.cities", "marts.dim_date", "marts.dim_partner", "marts.fct_vouchers"):
            changed.execute(f"create table {table} as from build.{table}")
            columns = changed.execute(f"select column_name from (describe build.{table}) where \"null\" = 'NO'")
            for (column,) in columns.fetchall():
                changed.execute(f"alter table {table} alter {column} set not null")
        changed.execute("update marts.fct_vouchers set issued_on = issued_on + 1 where rowid = 0")
        changed.execute("alter table marts.dim_date alter iso_week set data type bigint")
        changed.execute("delete from marts.dim_partner where rowid = 0")
        changed.execute("create table marts.unheard_of as select 1 as answer")
    found = compare(tmp_path / "changed.duckdb", lake).differences
    differ = [said for said in found if not said.endswith("is only in the lake")]
    assert len(found) > 200
    assert [said.split()[0].rstrip(":") for said in differ] == [
        "marts.dim_date", "marts.dim_partner", "marts.fct_vouchers", "marts.unheard_of"
    ]  # fmt: skip
    assert differ[2].startswith("marts.fct_vouchers: 1 of ")
