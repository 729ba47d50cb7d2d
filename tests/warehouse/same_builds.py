"""Two builds compared, relation by relation and row for row."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMAS = ("seeds", "staging", "intermediate", "marts")
OF_ONE_BUILD = (
    "int_health_appointment_changes",
    "int_health_service_changes",
    "int_hardship_snapshots_changed",
    "int_measure_persons",
    "int_measure_weeks_changed",
    "int_voucher_event_changes",
    "int_voucher_movement_changes",
    "int_vouchers_changed",
    "int_worker_service_changes",
    "int_workers_changed",
    "int_workers_seen_again",
)
"""What a build had to look at: everything after a full refresh, little in an incremental build."""


@dataclass(frozen=True)
class Comparison:
    """Relations and rows that were compared, and the relations that do not hold the same rows, or are not the same."""

    relations: int
    rows: int
    differing: list[str]


def compare(first: Path, second: Path) -> Comparison:
    """Compare every relation of two build files: names, types and the rows, in any order."""
    here, there = _contents(first), _contents(second)
    differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    return Comparison(len(here), sum(rows for _, rows, _ in here.values()), differing)


def _contents(path: Path) -> dict[str, tuple[str, int, int]]:
    """For each relation its columns with types, its rows, and the sum of the rows' hashes."""
    with duckdb.connect(str(path), read_only=True) as database:
        relations = database.execute(
            "select table_schema || '.' || table_name, "
            "string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position), "
            "string_agg('\"' || column_name || '\"', ', ' order by ordinal_position) "
            "from information_schema.columns where table_catalog = current_database() "
            "and list_contains(?, table_schema) and not list_contains(?, table_name) group by all",
            [SCHEMAS, OF_ONE_BUILD],
        ).fetchall()
        found = {}
        for name, types, columns in relations:
            [(rows, hashes)] = database.execute(
                f"select count(*), coalesce(sum(hash({columns})::hugeint), 0) from {name}"
            ).fetchall()
            found[name] = (types, rows, hashes)
    return found
