"""The checks of one batch, pushed down into DuckDB or run on pandas: which is faster, and from which size on.

    python -m benchmarks.check_engines [--rows 100 --rows 1000000]

The suite of health_services, those of its expectations that both engines know (queries need SQL), by Great
Expectations over the same Parquet file. Each engine runs in a process of its own, after a first run on few rows that
pays for imports; pandas reads the file inside the measured time, as it would have to. Both must say the same.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb

from worker_services.intervals import Interval
from worker_services.quality.checks import BatchContext, NotApplicable, batch_checks, bind
from worker_services.settings import PROJECT_ROOT
from worker_services.sql_literals import parquet_relation

FEED = "health_services"
CONTEXT = BatchContext("benchmark", "eye_hospital", Interval(date(2025, 10, 25), date(2025, 10, 26)), 100)
ENGINES = ("duckdb", "pandas")


def write(path: Path, rows: int) -> None:
    duckdb.sql(
        f"""
        copy (
            select
                's' || i as service_id, sha256((i // 3)::varchar) as worker_key,
                ['16-24', '25-34', '35-44', '45-54', '55-59'][1 + i % 5] as age_band,
                if(i % 3 = 0, 'male', 'female') as sex, date '2025-10-25' - (i % 9)::integer as service_date,
                ['eye_education', 'eye_examination', 'endoscopy'][1 + i % 3] as service_category,
                ['220102', '220103', '220104', 'DIR'][1 + i % 4] as organisation_code,
                if(i % 5 = 0, null, 'c' || i % 900) as employer_credit_code,
                if(i % 2 = 0, 'V' || lpad(i::varchar, 10, '0'), null) as voucher_id,
                (1 + i % 5)::bigint as satisfaction_score,
                'valid' as record_status, timestamp '2025-10-25 20:00:00' as updated_at, 'b' as _batch_id,
                i as _row_number, timestamp '2025-10-26 02:30:00' as _landed_at
            from range({rows}) as numbers (i)
        ) to '{path}' (format parquet)
        """
    )


def suite() -> Any:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.registry import get_expectation_impl

    found = []
    for check in batch_checks(FEED, PROJECT_ROOT / "expectations" / "suites"):
        try:
            bound = bind(check, CONTEXT)
        except NotApplicable:
            continue
        if bound.expectation.startswith("expect_"):
            found.append(get_expectation_impl(bound.expectation)(**bound.kwargs, meta={"id": bound.check_id}))
    return ExpectationSuite(name=FEED, expectations=found)


def validate(engine: str, path: Path) -> dict[str, bool]:
    from worker_services.quality.duckdb_datasource import ephemeral_context, open_relations

    wanted = {"result_format": "BASIC", "partial_unexpected_count": 0}
    if engine == "duckdb":
        with open_relations({FEED: parquet_relation(path)}) as batches:
            result = batches[FEED].validate(suite(), result_format=wanted)
    else:
        import pandas as pd

        sources = ephemeral_context().data_sources
        asset = sources.add_pandas("pandas").add_dataframe_asset(FEED)
        batch = asset.add_batch_definition_whole_dataframe(FEED).get_batch({"dataframe": pd.read_parquet(path)})
        result = batch.validate(suite(), result_format=wanted)
        sources.delete("pandas")
    return {item.expectation_config.meta["id"]: bool(item.success) for item in result.results}


@click.command()
@click.option("--rows", multiple=True, type=int, default=(100, 1_000_000), show_default=True)
@click.option("--measured", type=(click.Choice(ENGINES), click.Path(path_type=Path)), hidden=True)
def main(rows: tuple[int, ...], measured: tuple[str, Path] | None) -> None:
    if measured:
        engine, path = measured
        few = path.with_name("few.parquet")
        write(few, 10)
        validate(engine, few)
        started, used = time.perf_counter(), time.process_time()
        found = validate(engine, path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds, used = time.perf_counter() - started, time.process_time() - used
        print(json.dumps({"seconds": seconds, "processor": used, "peak": peak, "found": found}))
        return
    for count in rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "batch.parquet"
            write(path, count)
            said = []
            for engine in ENGINES:
                command = [sys.executable, "-m", "benchmarks.check_engines", "--measured", engine, str(path)]
                told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                said.append(json.loads(told.strip().splitlines()[-1]))
                print(
                    f"{count} rows, {engine}: {said[-1]['seconds']:.2f} s, {said[-1]['processor']:.2f} s of processor "
                    f"time, peak {said[-1]['peak']:.0f} MB, {len(said[-1]['found'])} expectations",
                    flush=True,
                )
            differing = [name for name, passed in said[0]["found"].items() if said[1]["found"].get(name) != passed]
            print(f"differing: {differing or 'none'}")
            if differing or not said[0]["found"]:
                raise SystemExit(1)


if __name__ == "__main__":
    main()
