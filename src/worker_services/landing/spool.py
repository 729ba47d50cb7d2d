"""An engine for deliveries of any size: its memory has a ceiling, and what it must put on disk is encrypted.

The key is made for the occasion and lives in memory alone, so that what a killed process leaves behind is noise.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from worker_services.duckdb_extensions import extension
from worker_services.files import make_folder_of_process

MEMORY_LIMIT = "512MB"


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection in Asia/Shanghai whose tables and spill lie encrypted in a folder of their own."""
    folder = make_folder_of_process("worker-services-spool-")
    try:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": f"{folder}/spill",
            "temp_file_encryption": True,
            "preserve_insertion_order": False,
            "autoload_known_extensions": False,
        }
        with duckdb.connect(config=settings) as connection:
            # It brings OpenSSL; the engine's own cipher can read encrypted files, but not write them.
            connection.load_extension(extension("httpfs"))
            connection.execute(f"attach '{folder}/spool.duckdb' as spool (encryption_key '{secrets.token_hex(32)}')")
            connection.execute("use spool")
            connection.execute("set timezone = 'Asia/Shanghai'")
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)
