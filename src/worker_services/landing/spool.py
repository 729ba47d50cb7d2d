"""An engine for deliveries of any size: its memory has a ceiling, and what it must put on disk is encrypted.

The key is made for the occasion and lives in memory alone, so that what a killed process leaves behind is noise.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from worker_services import engines


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection in Asia/Shanghai whose tables and spill lie encrypted in a folder of their own."""
    with (
        engines.bounded() as (folder, config),
        duckdb.connect(config=config | {"temp_file_encryption": True}) as connection,
    ):
        # It brings OpenSSL; the engine's own cipher can read encrypted files, but not write them.
        connection.load_extension(engines.extension("httpfs"))
        connection.execute(f"attach '{folder}/spool.duckdb' as spool (encryption_key '{secrets.token_hex(32)}')")
        connection.execute("use spool")
        connection.execute("set timezone = 'Asia/Shanghai'")
        yield connection
