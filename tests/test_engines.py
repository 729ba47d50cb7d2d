"""The folder that an engine spills into goes with it, and with the next one where its process was killed."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from worker_services import engines

_SPILL_AND_BE_KILLED = """
import os, signal
from worker_services import engines
with engines.bounded() as (folder, _):
    (folder / "spill").mkdir()
    (folder / "spill" / "duckdb_temp_storage.tmp").write_bytes(b"rows")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_spilled_goes_when_the_next_engine_is_made(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    killed = subprocess.run([sys.executable, "-c", _SPILL_AND_BE_KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("duckdb_temp_storage.tmp"))
    with engines.bounded() as (folder, _), engines.bounded() as (other, _):
        assert {*tmp_path.iterdir()} == {folder, other}
    assert not [*tmp_path.iterdir()]


def test_an_engine_keeps_the_ceiling_whatever_the_machine_has() -> None:
    with engines.bounded() as (folder, config), duckdb.connect(config=config) as engine:
        stated = "select current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
        assert engine.execute(stated).fetchone() == ("488.2 MiB", 2, str(folder / "spill"))
