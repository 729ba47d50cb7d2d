"""The rules in dbt_project/dbt-bouncer.yml, each seen to fail where it is broken, and dbt's own documentation."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner

from tests.warehouse.fixed_landing import DBT_PROJECT

Manifest = dict[str, Any]
RULES: dict[str, Any] = yaml.safe_load((DBT_PROJECT / "dbt-bouncer.yml").read_text(encoding="utf-8"))
CHECKS: list[dict[str, Any]] = RULES["manifest_checks"]


@pytest.fixture(scope="session")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of `dbt docs generate`: pages, the manifest with the lineage, a catalogue without a warehouse."""
    target = tmp_path_factory.mktemp("docs")
    arguments = ["docs", "generate", "--empty-catalog", "--quiet", "--project-dir", str(DBT_PROJECT)]
    arguments += ["--profiles-dir", str(DBT_PROJECT), "--target-path", str(target), "--log-path", str(target / "logs")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PATH", ":memory:")
        outcome = dbtRunner().invoke(arguments)
    assert outcome.success, outcome.exception
    yield target


@pytest.fixture(scope="session")
def manifest(docs: Path) -> Manifest:
    found: Manifest = json.loads((docs / "manifest.json").read_text(encoding="utf-8"))
    return found


def broken_rules(manifest: Manifest, folder: Path, checks: list[dict[str, Any]] = CHECKS) -> set[tuple[str, str]]:
    """Runs dbt-bouncer as bin/lint does; names of the checks that fail, each with the file that it fails for."""
    folder.joinpath("target").mkdir()
    folder.joinpath("target/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    rules = {"custom_checks_dir": str(DBT_PROJECT / RULES["custom_checks_dir"]), "manifest_checks": checks}
    folder.joinpath("dbt-bouncer.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    run = subprocess.run(
        [Path(sys.executable).with_name("dbt-bouncer"), "run", "--config-file", folder / "dbt-bouncer.yml",
         "--output-file", folder / "results.json"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    results = json.loads(folder.joinpath("results.json").read_text(encoding="utf-8"))
    assert {result["outcome"] for result in results} <= {"success", "failed"}, run.stdout
    failed = {
        (result["check_run_id"].split(":")[0], result["file_path"] or "")
        for result in results
        if result["outcome"] == "failed"
    }
    assert run.returncode == bool(failed), run.stdout + run.stderr
    return failed


def node(manifest: Manifest, name: str) -> Any:
    [found] = [node for node in manifest["nodes"].values() if node["name"] == name]
    return found


def reads(name: str, parent: str) -> Callable[[Manifest], Any]:
    return lambda manifest: node(manifest, name)["depends_on"]["nodes"].append(parent)


def moves(name: str, path: str) -> Callable[[Manifest], Any]:
    return lambda manifest: node(manifest, name).update(original_file_path=path)


def clears(kind: str, name: str, *keys: str) -> Callable[[Manifest], Any]:
    return lambda manifest: manifest[kind][name].update(dict.fromkeys(keys, ""))


def says(name: str, sql: str) -> Callable[[Manifest], Any]:
    return lambda manifest: node(manifest, name).update(raw_code=sql)


def without(kind: str, pattern: str) -> Callable[[Manifest], Any]:
    def drop(manifest: Manifest) -> None:
        manifest[kind] = {name: thing for name, thing in manifest[kind].items() if not re.search(pattern, name)}

    return drop


OWN = "worker_services"
BATCHES = f"source.{OWN}.landing.batches"
BREAKS: list[tuple[str, Callable[[Manifest], Any]]] = [
    ("check_something_lies_under", without("unit_tests", r"\.stg_")),
    ("check_model_does_not_directly_join_to_source", reads("int_workers", BATCHES)),
    ("check_lineage_source_cannot_be_used", reads("int_workers", BATCHES)),
    ("check_lineage_permitted_upstream_models", reads("dim_date", f"model.{OWN}.stg_landing__batches")),
    ("check_lineage_permitted_upstream_models", reads("stg_landing__outcomes", f"model.{OWN}.stg_landing__batches")),
    ("check_lineage_permitted_upstream_models", reads("int_workers", f"model.{OWN}.dim_date")),
    ("check_lineage_seed_cannot_be_used", reads("stg_landing__outcomes", f"seed.{OWN}.cities")),
    ("check_source_is_staged", lambda m: node(m, "stg_landing__partners")["depends_on"].update(nodes=[])),
    ("check_source_used_by_only_one_model", reads("stg_landing__outcomes", BATCHES)),
    ("check_model_depends_on_multiple_sources", reads("stg_landing__outcomes", BATCHES)),
    ("check_duplicate_sources", lambda m: m["sources"][BATCHES].update(identifier="outcomes")),
    ("check_model_has_no_upstream_dependencies", lambda m: node(m, "dim_service_category")["depends_on"].update(
        nodes=[])),
    ("check_model_hard_coded_references", says("dim_date", "select date_day from intermediate.int_days")),
    ("check_model_max_fanout", lambda m: [reads(f"dim_{name}", f"model.{OWN}.int_days")(m)
                                          for name in ("employer", "partner", "worker", "organisation")]),
    ("check_model_does_not_rejoin_upstream_concepts", reads("dim_organisation", f"model.{OWN}.int_organisations")),
    ("check_model_max_upstream_dependencies", lambda m: [reads("dim_date", f"model.{OWN}.int_{name}")(m) for name in
                                                         ("weeks", "workers", "employers", "partners", "organisations",
                                                          "orphan_rows", "measures")]),
    ("check_model_directories", moves("dim_worker", "models/dim_worker.sql")),
    ("check_model_directories", moves("fct_vouchers", "models/marts/fct_vouchers.sql")),
    ("check_source_used_by_models_in_same_directory", moves("stg_landing__build", "models/staging/a/stg_l__build.sql")),
    ("check_model_file_name", moves("dim_partner", "models/marts/dimensions/partners.sql")),
    ("check_model_schema_name", lambda m: node(m, "dim_date").update(schema="main")),
    ("check_model_documented_in_same_directory", moves("dim_employer", "models/marts/reports/dim_employer.sql")),
    ("check_property_files_are_named_after_folders", moves("dim_employer", "models/marts/reports/dim_employer.sql")),
    ("check_model_documentation_coverage", lambda m: node(m, "dim_worker").update(description="")),
    ("check_model_description_contains_regexp_pattern", lambda m: node(m, "dim_date").update(description="Days.")),
    ("check_model_has_meta_keys", lambda m: node(m, "dim_date").update(meta={})),
    ("check_model_column_description_populated", lambda m: node(m, "dim_date")["columns"]["date_day"].update(
        description="")),
    ("check_model_columns_have_types", lambda m: node(m, "dim_date")["columns"]["date_day"].update(data_type=None)),
    ("check_source_top_level_description_populated", clears("sources", BATCHES, "source_description")),
    ("check_source_description_populated", clears("sources", BATCHES, "description")),
    ("check_source_columns_are_described", lambda m: m["sources"][BATCHES]["columns"]["feed"].update(description="")),
    ("check_seed_description_populated", lambda m: node(m, "cities").update(description="")),
    ("check_macro_description_populated", clears("macros", f"macro.{OWN}.latest", "description")),
    ("check_macro_is_used", lambda m: m["macros"].update({f"macro.{OWN}.idle": m["macros"][f"macro.{OWN}.latest"]
                                                          | {"unique_id": f"macro.{OWN}.idle", "name": "idle"}})),
    ("check_exposure_description_populated", clears("exposures", f"exposure.{OWN}.mail", "description")),
    ("check_exposure_has_owner", lambda m: m["exposures"][f"exposure.{OWN}.mail"].update(owner={"name": ""})),
    ("check_semantic_layer_is_described", clears("metrics", f"metric.{OWN}.workers_served", "description")),
    ("check_model_has_unique_test", without("nodes", r"\.grain_dim_date")),
    ("check_model_with_logic_has_unit_test", without("unit_tests", r"\.int_workers\.")),
    ("check_model_access", lambda m: node(m, "dim_date").update(access="protected")),
    ("check_model_contract_enforced_for_public_model", lambda m: node(m, "dim_worker")["contract"].update(
        enforced=False)),
    ("check_exposure_based_on_non_public_models", lambda m: node(m, "rpt_build").update(access="protected")),
    ("check_semantic_model_based_on_non_public_models", lambda m: node(m, "fct_job_fairs").update(access="protected")),
    ("check_model_materialization_permitted", lambda m: node(m, "dim_date")["config"].update(materialized="view")),
    ("check_exposure_reads_only", lambda m: m["exposures"][f"exposure.{OWN}.mail"]["depends_on"]["nodes"].append(
        f"model.{OWN}.dim_date")),
    ("check_model_has_exposure", without("exposures", "quality_report")),
]  # fmt: skip


def test_every_rule_holds(manifest: Manifest, tmp_path: Path) -> None:
    assert broken_rules(manifest, tmp_path) == set()


def test_every_rule_fails_where_it_is_broken(manifest: Manifest, tmp_path: Path) -> None:
    """All at once: dbt-bouncer says which rules failed, and each of them was broken by one change at least."""
    assert {check for check, _ in BREAKS} == {check["name"] for check in CHECKS}
    broken = copy.deepcopy(manifest)
    for _, change in BREAKS:
        change(broken)
    failed = {check for check, _ in broken_rules(broken, tmp_path)}
    assert failed == {check["name"] for check in CHECKS}


def test_an_empty_manifest_fails(manifest: Manifest, tmp_path: Path) -> None:
    kinds = ("nodes", "sources", "macros", "exposures", "metrics", "semantic_models", "unit_tests")
    failed = broken_rules(manifest | {kind: {} for kind in kinds}, tmp_path)
    assert "check_something_lies_under" in {check for check, _ in failed}


def test_every_exception_is_still_needed(manifest: Manifest, tmp_path: Path) -> None:
    excepted = {
        (check["name"], file.removeprefix("^").replace("\\", ""))
        for check in CHECKS
        for file in check.get("exclude", [])
    }
    assert len(excepted) >= 10
    strict = [{key: value for key, value in check.items() if key != "exclude"} for check in CHECKS]
    assert broken_rules(manifest, tmp_path, strict) == excepted


def test_documentation_shows_the_way_from_every_source_to_its_readers(docs: Path, manifest: Manifest) -> None:
    assert (docs / "index.html").stat().st_size > 0
    assert (docs / "catalog.json").is_file()
    parents: dict[str, list[str]] = manifest["parent_map"]

    def upstream(name: str) -> set[str]:
        seen, waiting = set(), [name]
        while waiting:
            for parent in parents[waiting.pop()]:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return {name for name in seen if name.startswith("source.")}

    exposures = {name.split(".")[2]: upstream(name) for name in manifest["exposures"]}
    assert set(exposures) == {"weekly_briefing", "mail", "quality_report"}
    assert all(exposures.values())
    [unread] = [check["but"] for check in CHECKS if check["name"] == "check_source_is_staged"]
    assert {name.split(".")[3] for name in set(manifest["sources"]).difference(*exposures.values())} == set(unread)


def test_coverage(manifest: Manifest, record_property: Callable[[str, object], None]) -> None:
    """How much there is, for docs/measurements.md; that all of it is covered is what the rules say."""
    nodes = manifest["nodes"].values()
    described = [node for node in nodes if node["resource_type"] in ("model", "seed")]
    described += manifest["sources"].values()
    columns = [column for node in described for column in node["columns"].values()]
    models = [node["name"] for node in nodes if node["resource_type"] == "model"]
    unit_tests = manifest["unit_tests"].values()
    found = {
        "models": len(models),
        "columns": len(columns),
        "columns_described": sum(bool(column["description"]) for column in columns),
        "data_tests": sum(node["resource_type"] == "test" for node in nodes),
        "unit_tests": len(unit_tests),
        "models_with_unit_tests": len({test["model"] for test in unit_tests} & set(models)),
        "metrics": len(manifest["metrics"]),
        "metrics_published": sum("order" in metric["config"]["meta"] for metric in manifest["metrics"].values()),
    }
    for name, figure in found.items():
        record_property(name, figure)
    assert found["columns_described"] == found["columns"] > 1000
