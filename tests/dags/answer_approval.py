"""Has the question about an issue end as Airflow ends it, and prints how the task then ends. A program of its own."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[2] / "dags"))

from approval import IssueApproval


def main(issue: dict[str, str], event: dict[str, object]) -> str:
    task = IssueApproval(task_id="approve", subject="", **issue)
    try:
        task.execute_complete({"task": task, "dag_run": SimpleNamespace(triggering_user_name=None)}, event)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "success"


if __name__ == "__main__":
    print("ended with", main(json.loads(sys.argv[1]), json.loads(sys.argv[2])))
