"""Start the simulated partners from Python, and tell them what to deliver and what to get wrong."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from simulators.faults import FaultName
    from simulators.world import World

DEMO_INTERVALS = ("2025-01-01/2025-10-25", "2025-10-25/2025-10-26", "2025-10-26/2025-10-27")


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write variables for a shell to source, readable by the owner alone: there are passwords among them."""
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    part.replace(path)


@dataclass(frozen=True)
class Partners:
    """The running partners. `connections`: AIRFLOW_CONN_… -> JSON; `workdir` holds sftp/<partner>/ and dirt.jsonl."""

    connections: dict[str, str]
    control: str
    workdir: Path
    seed: int
    dirt_rate: float
    intervals: tuple[str, ...]
    process: "subprocess.Popen[str]"

    @property
    def world(self) -> "World":
        """The same synthetic city that the servers serve."""
        from simulators.world import make_world

        return make_world(self.seed, self.dirt_rate)

    @property
    def dirt(self) -> "pd.DataFrame":
        """What was injected into the intervals delivered at the start (see World.dirt)."""
        from simulators.world import Interval

        return self.world.dirt([Interval.parse(text) for text in self.intervals])

    def deliver(self, interval: str) -> None:
        """Put the interval's files into the SFTP folders; again: the same bytes again."""
        self._order("POST", "/deliver", {"interval": interval})

    def fault(self, partner: str, name: "FaultName", *, feed: str | None = None, value: float | None = None) -> None:
        """Switch a fault on (see faults.py); `value`: seconds of `slow`, number of requests of `server_error`."""
        self._order("POST", "/faults", {"partner": partner, "fault": name, "feed": feed, "value": value})

    def clear(self, partner: str) -> None:
        """Switch every fault of a partner off; its files are again what they were."""
        self._order("DELETE", f"/faults/{partner}", None)

    @contextlib.contextmanager
    def faulty(
        self, partner: str, name: "FaultName", *, feed: str | None = None, value: float | None = None
    ) -> Iterator[None]:
        """A fault for the length of a with block."""
        self.fault(partner, name, feed=feed, value=value)
        try:
            yield
        finally:
            self.clear(partner)

    def _order(self, method: str, path: str, body: dict[str, object] | None) -> None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.control + path, data=data, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=300) as response:
            response.read()


@contextlib.contextmanager
def running(
    *,
    seed: int | None = None,
    dirt_rate: float | None = None,
    workdir: Path | None = None,
    deliver: Iterable[str] = DEMO_INTERVALS,
) -> Iterator[Partners]:
    """Run the partners for the length of a with block. Raises RuntimeError when they do not come up."""
    with contextlib.ExitStack() as stack:
        folder = workdir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simulators-")))
        command = [sys.executable, "-m", "simulators", "--workdir", str(folder)]
        command += [] if seed is None else ["--seed", str(seed)]
        command += [] if dirt_rate is None else ["--dirt-rate", str(dirt_rate)]
        command += [argument for interval in deliver for argument in ("--deliver", interval)]
        root = str(Path(__file__).resolve().parent.parent)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the simulated partners did not start (exit code {process.wait()})")
            ready = json.loads(line)
            yield Partners(
                connections=ready["connections"],
                control=ready["control"],
                workdir=folder,
                seed=ready["seed"],
                dirt_rate=ready["dirt_rate"],
                intervals=tuple(ready["delivered"]),
                process=process,
            )
        finally:
            process.terminate()
            process.wait(timeout=120)
