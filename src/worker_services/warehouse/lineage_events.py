"""OpenLineage events of a build: which relations each model read and wrote, column by column, for a collector to take.

Where none is configured the way OpenLineage's own client is (OPENLINEAGE_URL and the like), they are written as NDJSON
to data_root/openlineage/<build id>.ndjson, kept as long as the build is. A collector that does not answer never
keeps a build from being made.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    dataset_version_dataset,
    error_message_run,
    job_type_job,
    parent_run,
    schema_dataset,
)
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.uuid import generate_static_uuid

from worker_services import __version__
from worker_services.settings import Settings
from worker_services.warehouse.lineage import ROWS, Origin
from worker_services.warehouse.provenance import Model, Provenance
from worker_services.warehouse.publish import events_path

log = logging.getLogger(__name__)

NAMESPACE = "worker-services"
WAREHOUSE = "duckdb://worker-services"
"""Of jobs, and of relations: the warehouse is one, whichever file readers are pointed to."""
JOB = "warehouse.build"
PRODUCER = f"urn:worker-services:{__version__}"
CONFIGURED_BY = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE")


def emit(settings: Settings, build_id: str, code: Provenance, results: list[dict[str, Any]]) -> None:
    """Tell of a run of dbt: START and COMPLETE, or FAIL, of the build and of each model. Never raises.

    `results` are those of dbt's run_results.json. Nothing in an event is of a person, a row or a query.
    """
    try:
        client = _client(settings, build_id)
        for event in events(build_id, code, results):
            client.emit(event)
    except Exception as error:
        log.warning("the lineage of %s was not told: %s; the build stands", build_id, error)


def events(build_id: str, code: Provenance, results: list[dict[str, Any]]) -> Iterator[RunEvent]:
    """The events of a run, those of the build around those of its models, in the order of time."""
    models = {f"model.worker_services.{name}": model for name, model in code.models.items()}
    runs = [(models[each["unique_id"]], each) for each in results if each["unique_id"] in models and each["timing"]]
    if not runs:
        return
    began = min(_time(each, "started_at") for _, each in runs)
    ended = max(_time(each, "completed_at") for _, each in runs)
    failed = [each["unique_id"] for each in results if each["status"] in ("error", "fail", "runtime error")]
    build = Run(str(generate_static_uuid(began, build_id.encode())), _parent(os.environ.get("OPENLINEAGE_PARENT_ID")))
    made = {model.relation for model, _ in runs}
    outer: dict[str, Any] = {
        "run": build,
        "job": _job(JOB, "BUILD"),
        "inputs": [_read(name) for name in sorted({name for model, _ in runs for name in model.reads} - made)],
        "outputs": [OutputDataset(WAREHOUSE, name) for name in sorted(made) if name.startswith("marts.")],
        "producer": PRODUCER,
    }
    inner = [event for model, each in runs for event in _of_model(build, build_id, model, each, code.lineage)]
    yield RunEvent(eventTime=began.isoformat(), eventType=RunState.START, **outer)
    yield from sorted(inner, key=lambda event: event.eventTime)
    yield _ended(ended, failed, outer)


def _of_model(
    build: Run, build_id: str, model: Model, result: Mapping[str, Any], lineage: Mapping[str, Mapping[str, Origin]]
) -> Iterator[RunEvent]:
    began, ended = _time(result, "started_at"), _time(result, "completed_at")
    columns = {name: origin for name, origin in lineage.get(model.relation, {}).items() if name != ROWS}
    facets = {
        "version": dataset_version_dataset.DatasetVersionDatasetFacet(build_id),
        "schema": schema_dataset.SchemaDatasetFacet(
            [schema_dataset.SchemaDatasetFacetFields(name) for name in columns]
        ),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(
            {name: column_lineage_dataset.Fields(_fields(origin)) for name, origin in columns.items()}
        ),
    }
    stated: dict[str, Any] = {
        "run": Run(
            str(generate_static_uuid(began, f"{build_id}/{model.name}".encode())),
            _parent(f"{NAMESPACE}/{JOB}/{build.runId}"),
        ),
        "job": _job(f"{JOB}.{model.name}", "MODEL"),
        "inputs": [_read(name) for name in model.reads],
        "outputs": [OutputDataset(WAREHOUSE, model.relation)],
        "producer": PRODUCER,
    }
    yield RunEvent(eventTime=began.isoformat(), eventType=RunState.START, **stated)
    written = stated | {"outputs": [OutputDataset(WAREHOUSE, model.relation, facets=facets)]}
    yield _ended(ended, [model.name] if result["status"] != "success" else [], written)


def _ended(at: datetime, failed: list[str], stated: dict[str, Any]) -> RunEvent:
    if not failed:
        return RunEvent(eventTime=at.isoformat(), eventType=RunState.COMPLETE, **stated)
    run: Run = stated["run"]
    # What the engine said may quote a row.
    said = error_message_run.ErrorMessageRunFacet(f"failed: {', '.join(failed)}; see dbt's log", "SQL")
    stated = stated | {"run": Run(run.runId, {**(run.facets or {}), "errorMessage": said})}
    return RunEvent(eventTime=at.isoformat(), eventType=RunState.FAIL, **stated)


def _client(settings: Settings, build_id: str) -> OpenLineageClient:
    if any(os.environ.get(name) for name in CONFIGURED_BY):
        return OpenLineageClient()
    path = events_path(settings, build_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # of a run that was killed
    return OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=str(path), append=True)))


def _parent(stated: str | None) -> dict[str, Any]:
    """The facet for a parent run, written namespace/job/run id as dbt-ol takes it; of no parent, none."""
    if not stated:
        return {}
    namespace, _, rest = stated.partition("/")
    job, _, run_id = rest.rpartition("/")
    return {"parent": parent_run.ParentRunFacet(parent_run.Run(run_id), parent_run.Job(namespace, job))}


def _job(name: str, kind: str) -> Job:
    return Job(NAMESPACE, name, {"jobType": job_type_job.JobTypeJobFacet("BATCH", "DBT", jobType=kind)})


def _read(relation: str) -> InputDataset:
    return InputDataset(WAREHOUSE, relation)


def _fields(origin: Origin) -> list[column_lineage_dataset.InputField]:
    parts = (name.rpartition(".") for name in origin.made_of)
    return [column_lineage_dataset.InputField(WAREHOUSE, relation, column) for relation, _, column in parts]


def _time(result: Mapping[str, Any], what: str) -> datetime:
    moments = [datetime.fromisoformat(each[what]) for each in result["timing"]]
    return min(moments) if what == "started_at" else max(moments)
