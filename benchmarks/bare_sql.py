"""What a build costs beside its own SQL run bare in DuckDB: without dbt, contracts and data tests.

    python -m benchmarks.warehouse_scale --folder DIR --factor 0.01 --step make
    python -m benchmarks.bare_sql --folder DIR

The folder is a data root with a landing; builds in it are made anew. Three processes, one after the other, each with
its time, processor time and highest memory:

- build: `warehouse build --full-refresh`, which writes the schema `landing` and runs dbt: seeds, models, data tests;
- bare: the schema `landing` again, then seeds and the SQL that dbt made of each model, one after the other in the
  order in which dbt was done with them, in one connection with the memory limit and the threads that dbt's had;
- tests: `dbt test`, the data tests alone, on the finished build.

The files that `build` and `bare` leave are compared, every relation row for row. Exit code 1 on any difference.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb

from tests.warehouse import same_builds
from worker_services.intervals import utc_now
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.sql_literals import quoted
from worker_services.warehouse import landing_schema, publish
from worker_services.warehouse.build import DBT_PROJECT, build

STEPS = ("build", "bare", "tests")
MEMORY_LIMIT = os.environ.get("WAREHOUSE_MEMORY_LIMIT", "4GB")  # as in dbt_project/profiles.yml


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, exists=True), required=True, help="Data root with a landing.")
@click.option("--measured", type=click.Choice(STEPS), hidden=True)
def main(folder: Path, measured: str | None) -> None:
    """Time a build and its own SQL without dbt, and compare what they say."""
    os.environ.setdefault("AIRFLOW_VAR_LEDGER_SIGNING_KEY", "5e" * 32)  # of a ledger that nobody reads
    settings = Settings(PROJECT_ROOT, folder.resolve(), folder.resolve() / "reports")
    if measured:
        started = time.perf_counter()
        said = {"build": _build, "bare": _bare, "tests": _tests}[measured](settings)
        seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
        print(
            f"{measured}: {seconds:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor time with start-up), "
            f"peak {used.ru_maxrss / 1024:.0f} MB; {said}"
        )
        return
    for step in STEPS:
        command = [sys.executable, "-m", "benchmarks.bare_sql", "--folder", str(folder), "--measured", step]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(told.strip().splitlines()[-1], flush=True)
    found = same_builds.compare(_built(settings), _working(settings))
    print(f"{found.relations} relations, {found.rows} rows compared; differing: {found.differing or 'none'}")
    raise SystemExit(1 if found.differing or not found.rows else 0)


def _build(settings: Settings) -> str:
    shutil.rmtree(settings.builds, ignore_errors=True)  # the same inputs are built once only
    publish.pointer(settings).unlink(missing_ok=True)
    as_of = max(item.landed_at for item in landing_schema.known_by(settings, utc_now()).batches)
    started = time.perf_counter()
    made = build(settings, as_of, full_refresh=True)
    run = _run(settings)
    seconds: dict[str, float] = defaultdict(float)
    for node in run["results"]:
        seconds[node["unique_id"].split(".")[0]] += node["execution_time"]
    shares = ", ".join(f"{made.dbt[kind]} {kind}s {seconds[kind]:.1f} s" for kind in ("seed", "model", "test"))
    return (
        f"build alone {time.perf_counter() - started:.1f} s, of it dbt's nodes {run['elapsed_time']:.1f} s, up to four "
        f"at once: {shares}; data tests are {seconds['test'] / sum(seconds.values()):.0%} of that"
    )


def _bare(settings: Settings) -> str:
    """Writes the working file, which bears the name that dbt's SQL calls the database by."""
    record = publish.read_record(settings, _built(settings).stem)
    as_of = datetime.fromisoformat(record["as_of"])
    path = _working(settings)
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    with duckdb.connect(str(_built(settings)), read_only=True) as database:
        columns = database.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_schema = 'seeds' order by ordinal_position"
        ).fetchall()
    nodes = json.loads((_target(settings) / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    started = time.perf_counter()
    landing_schema.write(path, settings, landing_schema.known_by(settings, as_of), record["build_id"], as_of)
    landed = time.perf_counter()
    models = 0
    with duckdb.connect(
        str(path), config={"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": False}
    ) as database:
        for schema in same_builds.SCHEMAS:
            database.execute(f"create schema {schema}")
        for result in _run(settings)["results"]:
            kind = result["unique_id"].split(".")[0]
            if kind not in ("seed", "model"):
                continue
            node = nodes[result["unique_id"]]
            name = f"{node['schema']}.{node['alias']}"
            if kind == "seed":
                types = {column: sql_type for table, column, sql_type in columns if table == node["alias"]}
                stated = ", ".join(f"{quoted(column)}: {quoted(sql_type)}" for column, sql_type in types.items())
                csv = quoted(PROJECT_ROOT / "dbt_project" / node["original_file_path"])
                read = f"read_csv({csv}, header = true, auto_detect = false, columns = {{{stated}}})"
                database.execute(f"create table {name} as from {read}")
            else:
                database.execute(f"create table {name} as {result['compiled_code']}")
                models += 1
    spent = time.perf_counter() - landed
    return f"schema landing {landed - started:.1f} s, seeds and {models} models {spent:.1f} s"


def _tests(settings: Settings) -> str:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    path = settings.warehouse / "dbt" / "warehouse.duckdb"
    path.hardlink_to(_built(settings))
    os.environ |= {"WAREHOUSE_PATH": str(path), "WAREHOUSE_BASE": ""}
    arguments = ["test", "--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT), "--quiet"]
    arguments += ["--exclude-resource-type", "unit_test", "--target-path", str(_target(settings))]
    arguments += ["--log-path", str(settings.warehouse / "dbt" / "logs")]
    try:
        result = dbtRunner().invoke(arguments)
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        path.unlink()
    if not result.success:
        raise click.ClickException(f"dbt test: {result.exception or 'a data test failed'}")
    run = _run(settings)
    return f"{len(run['results'])} data tests in {run['elapsed_time']:.1f} s"


def _built(settings: Settings) -> Path:
    [path] = settings.builds.glob("*.duckdb")
    return path


def _working(settings: Settings) -> Path:
    return settings.warehouse / "bare" / "warehouse.duckdb"


def _target(settings: Settings) -> Path:
    return settings.warehouse / "dbt" / "target"


def _run(settings: Settings) -> dict[str, Any]:
    """dbt's own account of its last run."""
    run: dict[str, Any] = json.loads((_target(settings) / "run_results.json").read_text(encoding="utf-8"))
    return run


if __name__ == "__main__":
    main()
