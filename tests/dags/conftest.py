import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.airflow_instance import airflow_environment
from worker_services.settings import PROJECT_ROOT

Describe = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="session")
def describe(tmp_path_factory: pytest.TempPathFactory) -> Describe:
    """Say what Airflow finds in a folder of DAGs, read by a process of its own."""

    def read(folder: Path) -> dict[str, Any]:
        home = tmp_path_factory.mktemp("airflow")
        written = home / "found.json"
        environment = airflow_environment(home, port=8080, password="unused") | {
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "WORKER_SERVICES_FIRST_NIGHT": "2025-10-25",
        }
        command = [sys.executable, Path(__file__).with_name("describe_dags.py"), folder, written]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=home)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(written.read_text(encoding="utf-8")))

    return read


@pytest.fixture(scope="session")
def found(describe: Describe) -> dict[str, Any]:
    """What Airflow finds in dags/."""
    return describe(PROJECT_ROOT / "dags")
