"""Writes, as JSON, what Airflow finds in a folder of DAGs. A program of its own: no test's imports show in it."""

import json
import sys
import time
from pathlib import Path
from typing import Any


def describe(folder: Path) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import BundleDagBag

    started = time.process_time()
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    seconds = time.process_time() - started
    return {
        "seconds": seconds,
        "errors": bag.import_errors,
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "dags": {dag_id: describe_dag(dag) for dag_id, dag in bag.dags.items()},
    }


def describe_dag(dag: Any) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    serialized = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    restriction = TimeRestriction(earliest=serialized.start_date, latest=None, catchup=serialized.catchup)
    runs, last = [], None
    for _ in range(2):
        info = serialized.timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        runs.append([last.start.isoformat(), last.end.isoformat()])
    return {
        "file": Path(dag.fileloc).name,
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": sorted(dag.params),
        "first_runs": runs,
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
    }


def describe_task(task: Any) -> dict[str, Any]:
    from airflow.sdk.definitions._internal.expandinput import ListOfDictsExpandInput
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    is_mapped = isinstance(task, MappedOperator)
    expansion = task._get_specified_expand_input() if is_mapped else None
    given = expansion.value if isinstance(expansion, ListOfDictsExpandInput) else None
    return {
        "owner": task.owner,
        "retries": task.retries,
        "retry_seconds": task.retry_delay.total_seconds(),
        "backoff": bool(task.retry_exponential_backoff),
        "operator": task.task_type,
        "response_seconds": task.response_timeout.total_seconds() if hasattr(task, "response_timeout") else None,
        "trigger_rule": task.trigger_rule.value,
        "upstream": sorted(task.upstream_task_ids),
        "mapped_over": given if isinstance(given, list) else None,
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(describe(Path(sys.argv[1]))), encoding="utf-8")
