"""What dbt says of its sources is what the package puts there: no column is known to one and not to the other."""

import duckdb
import pytest
import yaml

from worker_services.contracts import contract_feeds, load_contract
from worker_services.intervals import utc_now
from worker_services.partners.registry import load_partners
from worker_services.settings import PROJECT_ROOT
from worker_services.warehouse import landing_schema

SOURCES = PROJECT_ROOT / "dbt_project" / "models" / "staging" / "_landing__sources.yml"


@pytest.fixture(scope="module")
def described() -> dict[str, list[str]]:
    (source,) = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]
    assert source["name"] == "landing"
    return {table["name"]: [column["name"] for column in table["columns"]] for table in source["tables"]}


def test_each_feed_is_a_source_with_the_columns_of_its_contract(described):
    feeds = contract_feeds()
    assert len(feeds) >= 10
    for feed in feeds:
        landed = [*load_contract(feed).landed_columns, *landing_schema.PLACE_COLUMNS]
        assert sorted(described[feed]) == sorted(landed), feed


def test_every_source_exists_and_is_described_whole(described, house, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    now = utc_now()
    landing_schema.write(path, house.settings, landing_schema.known_by(house.settings, now), "build_x", now)
    with duckdb.connect(str(path), read_only=True) as database:
        rows = database.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'landing'"
        ).fetchall()
    made: dict[str, list[str]] = {}
    for table, column in rows:
        made.setdefault(table, []).append(column)
    assert {table: sorted(columns) for table, columns in made.items()} == {
        table: sorted(columns) for table, columns in described.items()
    }


def test_the_warehouse_knows_which_feeds_are_snapshots():
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    snapshots = [feed for feed in contract_feeds() if load_contract(feed).delivery == "snapshot"]
    assert snapshots
    assert project["vars"]["snapshot_feeds"] == snapshots


def test_partners_are_told_apart_by_name_and_by_order():
    partners = load_partners().values()
    for stated in ("name", "short_name", "name_en", "order"):
        values = [getattr(partner, stated) for partner in partners]
        assert len(set(values)) == len(values), stated
