import subprocess
from pathlib import Path

from simulators.control import write_environment


def test_a_shell_reads_back_what_was_written_and_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    value = '{"password": "it\'s $HOME `x` \\"y\\""}'
    write_environment(path, {"AIRFLOW_CONN_A": value, "B": "二 三"})
    read = subprocess.run(
        ["bash", "-c", f'. {path}; printf "%s|%s" "$AIRFLOW_CONN_A" "$B"'], capture_output=True, text=True, check=True
    )
    assert read.stdout == f"{value}|二 三"
    assert path.stat().st_mode & 0o777 == 0o600
