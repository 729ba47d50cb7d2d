"""DuckDB engines for data of any size: their memory has a ceiling, and what does not fit is laid out on disk.

Extensions come as packages, pinned like any other; nothing is downloaded when they are used.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from worker_services.files import make_folder_of_process

MEMORY_LIMIT = "512MB"
THREADS = 2
"""However many processors there are: each thread takes its part of the ceiling, and too small a part is an error."""

Config = dict[str, str | bool | int | float | list[str]]


@contextmanager
def bounded() -> Iterator[tuple[Path, Config]]:
    """Yield a folder that goes with the block, and the settings of an engine that keeps the ceiling and spills there.

    Rows come in any order. What a killed process leaves in its folder goes when the next engine is made.
    """
    folder = make_folder_of_process("worker-services-spool-")
    try:
        yield (
            folder,
            {
                "memory_limit": MEMORY_LIMIT,
                "threads": THREADS,
                "temp_directory": f"{folder}/spill",
                "preserve_insertion_order": False,
                "autoload_known_extensions": False,
            },
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def extension(name: str) -> str:
    """Path of an extension, to load it by. Raises ModuleNotFoundError when its package is not installed."""
    package = files(f"duckdb_extension_{name}")
    return str(package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension")
