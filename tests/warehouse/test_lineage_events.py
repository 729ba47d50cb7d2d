"""OpenLineage events of a real run of dbt: by the published schemas, to a file, and over HTTP to a collector."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.warehouse.fixed_landing import Build
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import lineage_events
from worker_services.warehouse.provenance import Provenance

SPEC = Path(__file__).parent / "openlineage_spec"
BUILD = "build_20251026T183000Z_00000000"


@pytest.fixture(autouse=True)
def no_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*lineage_events.CONFIGURED_BY, "OPENLINEAGE_PARENT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")


def told(settings: Settings) -> list[dict[str, Any]]:
    text = (settings.data_root / "openlineage" / f"{BUILD}.ndjson").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def schemas() -> tuple[Draft202012Validator, dict[str, Draft202012Validator]]:
    """The validator of events, and that of each facet by its name in events."""
    documents = [json.loads(path.read_text("utf-8")) for path in sorted(SPEC.rglob("*.json"))]
    registry = Registry().with_resources([(each["$id"], Resource.from_contents(each)) for each in documents])
    whole = next(each for each in documents if each["$id"].endswith("/OpenLineage.json"))
    facets = {
        name: Draft202012Validator(each, registry=registry)
        for each in documents
        if each is not whole
        for name in each["properties"]
    }
    return Draft202012Validator(whole, registry=registry), facets


def facets_in(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    holders = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    return ((name, facet) for holder in holders for name, facet in holder.get("facets", {}).items())


def test_each_event_of_a_run_is_what_the_specification_says(settings: Settings, fixed: Build, code: Provenance) -> None:
    lineage_events.emit(settings, BUILD, code, fixed.results)
    found = told(settings)
    whole, by_facet = schemas()
    used = set()
    for event in found:
        whole.validate(event)
        for name, facet in facets_in(event):
            by_facet[name].validate({name: facet})
            used.add(name)
    assert used == {"version", "schema", "columnLineage", "jobType", "parent", "tags"}
    with pytest.raises(Exception, match="eventTime"):
        whole.validate({name: value for name, value in found[0].items() if name != "eventTime"})


def test_every_model_starts_and_completes_with_what_it_read_and_wrote(
    settings: Settings, fixed: Build, code: Provenance
) -> None:
    lineage_events.emit(settings, BUILD, code, fixed.results)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for event in told(settings):
        by_run.setdefault(event["run"]["runId"], []).append(event)
    assert len(by_run) == len(fixed.nodes("model")) + 1
    assert {tuple(event["eventType"] for event in events) for events in by_run.values()} == {("START", "COMPLETE")}
    by_job = {events[0]["job"]["name"]: events[1] for events in by_run.values()}
    outer, weekly = by_job["warehouse.build"], by_job["warehouse.build.rpt_metric_weekly"]
    assert weekly["run"]["facets"]["parent"]["run"]["runId"] == outer["run"]["runId"]
    assert {each["name"] for each in weekly["inputs"]} == set(code.models["rpt_metric_weekly"].reads)
    [written] = weekly["outputs"]
    assert written["name"] == "marts.rpt_metric_weekly"
    assert written["facets"]["version"]["datasetVersion"] == BUILD
    read = written["facets"]["columnLineage"]["fields"]["target"]["inputFields"]
    assert [(each["name"], each["field"]) for each in read] == [("intermediate.int_metric_pace", "target")]
    assert {"landing.mediation_cases", "seeds.targets"} <= {each["name"] for each in outer["inputs"]}
    assert "marts.rpt_metric_weekly" in {each["name"] for each in outer["outputs"]}


def test_an_event_holds_neither_rows_nor_sql(settings: Settings, fixed: Build, code: Provenance) -> None:
    [(key,)] = fixed.query("select worker_key from marts.fct_mediation_cases where case_id = 'C3'")
    broken = [each | {"status": "error", "message": f"value {key}"} for each in fixed.results]
    lineage_events.emit(settings, BUILD, code, broken)
    text = json.dumps(told(settings))
    assert "FAIL" in text
    assert str(key) not in text
    assert "select " not in text.lower()


def test_a_configured_collector_gets_the_events_with_the_run_they_belong_to(
    settings: Settings, fixed: Build, code: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[dict[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    few = replace(code, models={name: code.models[name] for name in ("rpt_build", "rpt_metric_feeds")})
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv(
            "OPENLINEAGE_PARENT_ID", "airflow/build_warehouse.build/01890000-0000-7000-8000-000000000000"
        )
        lineage_events.emit(settings, BUILD, few, fixed.results)
        server.shutdown()
    assert [taken[0]["eventType"], taken[-1]["eventType"], len(taken)] == ["START", "COMPLETE", 6]
    parent = taken[0]["run"]["facets"]["parent"]
    assert (parent["job"]["namespace"], parent["job"]["name"]) == ("airflow", "build_warehouse.build")
    assert not (settings.data_root / "openlineage").exists()


def test_a_collector_that_does_not_answer_is_a_warning(
    settings: Settings,
    fixed: Build,
    code: Provenance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in (("TYPE", "http"), ("URL", "http://127.0.0.1:9"), ("RETRY", '{"total": 0}')):
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    lineage_events.emit(settings, BUILD, code, fixed.results)
    assert "the lineage of" in caplog.text
    assert "the build stands" in caplog.text
