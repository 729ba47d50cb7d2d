"""Throughput and peak memory of each reader beside DuckDB's and dlt's on the same file, every cell as text.

    python -m benchmarks.readers [--rows 1000000] [--folder DIR] [--dlt-python VENV/bin/python]

Each measurement is a process of its own that reads the file from end to end and keeps nothing. dlt is no part of this
project: make a virtual environment with `pip install "dlt[duckdb,filesystem]" pandas` and name its interpreter; without
one its column says so. Files are made once and left in the folder.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing.reading import read
from worker_services.partners.registry import Feed, load_partners

FEED, PARTNER = "health_services", "maternity_hospital"
SHEET_ROWS = 1_000_000  # the format ends at 1,048,576
DUCKDB_READS = {
    "csv": "read_csv('{path}', all_varchar = true, header = true)",
    "ndjson": "read_json('{path}', format = 'newline_delimited', columns = {columns})",
    "json": "read_json('{path}', format = 'array', columns = {columns})",
}
DLT_SCRIPT = """
import json, resource, sys, time
from dlt.sources.filesystem import filesystem, read_csv, read_jsonl
folder, name, kind, encoding = sys.argv[1:]
started, rows = time.perf_counter(), 0
files = filesystem(bucket_url=folder, file_glob=name)
if kind == "ndjson":
    source = files | read_jsonl(chunksize=10000)
else:
    source = files | read_csv(chunksize=10000, dtype=str, keep_default_na=False, encoding=encoding)
for _ in source:
    rows += 1
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - started,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def feed_of(kind: str) -> Feed:
    feed = load_partners()[PARTNER].feeds[FEED]
    source: dict[str, Any] = {"kind": "file", "path": "x_{first}", "format": kind, "encoding": "auto"}
    if kind == "zip":
        source |= {"format": "csv", "archive": "zip"}
    if kind == "gb18030":
        source |= {"format": "csv", "encoding": "gb18030"}
    return Feed.model_validate({"source": source, "columns": feed.columns})


def columns_of(feed: Feed) -> list[str]:
    return [aliases[0] for aliases in feed.columns.values()]


def make_files(folder: Path, rows: int, kinds: list[str]) -> dict[str, Path]:
    """The same rows in each format. Names and numbers are made up: every row holds the same ones but for its own."""
    names = columns_of(feed_of("csv"))
    samples = ["测试", "220102190001010000", "00000000000", "2025-06-03", "体重管理", "南关区", "", "", "5", "有效"]
    samples = ([*samples, ""] * len(names))[: len(names) - 1]
    cells = ", ".join(f"'{text}' as \"{name}\"" for name, text in zip(names[1:], samples, strict=True))
    query = f"select 'FC' || lpad(i::varchar, 12, '0') as \"{names[0]}\", {cells} from range({rows}) as numbers(i)"
    made = {}
    for kind in kinds:
        path = folder / f"{rows}.{kind}"
        made[kind] = path
        if path.exists():
            continue
        if kind == "csv":
            duckdb.sql(f"copy ({query}) to '{path}' (format csv, header)")
        elif kind in ("ndjson", "json"):
            duckdb.sql(f"copy ({query}) to '{path}' (format json, array {kind == 'json'})")
        elif kind == "gb18030":
            with made["csv"].open(encoding="utf-8", newline="") as old, path.open("w", encoding="gb18030") as new:
                while text := old.read(1 << 20):
                    new.write(text)
        elif kind == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(made["csv"], "rows.csv")
        else:
            _write_workbook(path, duckdb.sql(query), names)
    return made


def _write_workbook(path: Path, rows: duckdb.DuckDBPyRelation, names: list[str]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        number = 0
        while some := rows.fetchmany(10_000):
            for row in some:
                number += 1
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(number, column, cell)


def by_us(kind: str, path: Path) -> int:
    delivered_rows = 0
    with path.open("rb") as raw:
        feed, contract = feed_of(kind), load_contract(FEED)
        delivered = read(raw, feed, contract, Interval.parse("2025-01-01/2026-01-01"))
        for batch in delivered.batches:
            delivered_rows += batch.num_rows
    return delivered_rows


def by_duckdb(kind: str, path: Path) -> int:
    columns = "{" + ", ".join(f"'{name}': 'varchar'" for name in columns_of(feed_of("csv"))) + "}"
    reader = duckdb.sql(f"from {DUCKDB_READS[kind].format(path=path, columns=columns)}").to_arrow_reader(10_000)
    return sum(batch.num_rows for batch in reader)


TOOLS: dict[str, Callable[[str, Path], int]] = {"worker_services": by_us, "duckdb": by_duckdb}


def measure(tool: str, kind: str, path: Path) -> dict[str, float]:
    feed_of(kind), load_contract(FEED)  # read from their files once, ahead of the clock
    started = time.perf_counter()
    rows = TOOLS[tool](kind, path)
    return {
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(tool: str, kind: str, path: Path, dlt_python: str | None) -> dict[str, float] | str:
    """One measurement in a process of its own, or why there is none."""
    if tool == "duckdb" and kind not in DUCKDB_READS:
        return "cannot read it"
    command = [sys.executable, "-m", "benchmarks.readers", "--measure", tool, kind, str(path)]
    if tool == "dlt":
        if not dlt_python:
            return "not installed"
        if kind not in ("csv", "gb18030", "ndjson"):
            return "cannot read it"
        encoding = "gb18030" if kind == "gb18030" else "utf-8"
        command = [dlt_python, "-c", DLT_SCRIPT, path.parent.as_uri(), path.name, kind, encoding]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1][:80] if done.stderr else done.returncode}"
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", default="csv,gb18030,zip,ndjson,json,xlsx")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "readers-benchmark"))
    parser.add_argument("--dlt-python", help="interpreter of an environment that has dlt")
    parser.add_argument("--measure", nargs=3, metavar=("TOOL", "KIND", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        tool, kind, path = arguments.measure
        print(json.dumps(measure(tool, kind, Path(path))))
        return 0
    arguments.folder.mkdir(parents=True, exist_ok=True)
    kinds = arguments.kinds.split(",")
    if arguments.rows > SHEET_ROWS and "xlsx" in kinds:
        print(f"xlsx: left out, since a sheet ends at 1,048,576 rows; run with --rows {SHEET_ROWS}")
        kinds.remove("xlsx")
    files = make_files(arguments.folder, arguments.rows, kinds)
    print(f"{'format':<10}{'MB':>8}  {'tool':<16}{'rows/s':>12}{'peak MB':>10}{'time, DuckDB = 1':>18}")
    complete = True
    for kind, path in files.items():
        results = {tool: measured(tool, kind, path, arguments.dlt_python) for tool in (*TOOLS, "dlt")}
        base = results["duckdb"]
        for tool, result in results.items():
            size = f"{path.stat().st_size / 1e6:>8.0f}"
            if isinstance(result, str):
                print(f"{kind:<10}{size}  {tool:<16}{result}")
                complete = complete and tool != "worker_services"
                continue
            if result["rows"] != arguments.rows:
                print(f"{kind:<10}{size}  {tool:<16}gave {result['rows']:,.0f} rows")
                complete = complete and tool != "worker_services"
                continue
            ratio = f"{result['seconds'] / base['seconds']:.2f}" if isinstance(base, dict) else "-"
            print(
                f"{kind:<10}{size}  {tool:<16}{result['rows'] / result['seconds']:>12,.0f}"
                f"{result['peak_mb']:>10,.0f}{ratio:>18}"
            )
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
