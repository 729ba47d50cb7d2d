"""How much memory a fetch takes, in a process that does nothing else."""

import json
import subprocess
import sys

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners.registry import DatabaseSource, FileSource

_FETCH = """
import json, re, sys
from pathlib import Path
from pydantic import TypeAdapter
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import files, sql
from worker_services.partners.registry import FileSource, Source

class Sink:
    received = 0

    def write(self, data):
        self.received += len(data)

def peak():  # of this program alone: what getrusage tells includes the process that started it
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

connection, source, interval = json.loads(sys.stdin.read())
source, sink = TypeAdapter(Source).validate_python(source), Sink()
before = peak()
fetch = files.fetch if isinstance(source, FileSource) else sql.fetch
fetch(Connection.model_validate(connection), source, Interval.parse(interval), sink)
print(json.dumps([sink.received, peak() - before]))
"""


def growth(connection: Connection, source: FileSource | DatabaseSource, interval: Interval) -> tuple[int, float]:
    """Bytes received, and by how many MiB the process's peak memory grew while they came."""
    plain = {**connection.model_dump(by_alias=True), "password": connection.password.get_secret_value()}
    done = subprocess.run(
        [sys.executable, "-c", _FETCH],
        input=json.dumps([plain, source.model_dump(), str(interval)]),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    received, mebibytes = json.loads(done.stdout)
    return int(received), float(mebibytes)
