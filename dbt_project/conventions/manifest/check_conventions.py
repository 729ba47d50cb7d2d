"""Rules of this project for which dbt-bouncer has no check of its own; `dbt-bouncer.yml` says where they hold."""

import re
from pathlib import PurePosixPath
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail

PROPERTY_FILES = {"model": "models", "seed": "seeds", "source": "sources", "semantic_model": "semantic_models"}


def own(ctx: Any, *kinds: str) -> list[Any]:
    """What the manifest holds of the kinds (`nodes`, `sources`, `metrics` ...), of this project alone."""
    manifest = ctx.manifest_obj.manifest
    found = [thing for kind in kinds for thing in getattr(manifest, kind).values()]
    return [thing for thing in found if thing.package_name == manifest.metadata.project_name]


@check
def check_something_lies_under(ctx: Any, *, paths: list[str]) -> None:
    """Every path holds something that dbt knows: a rule over an empty folder would hold of itself."""
    files = {
        thing.original_file_path
        for thing in own(ctx, "nodes", "sources", "macros", "exposures", "metrics", "semantic_models", "unit_tests")
    }
    if empty := [path for path in paths if not any(re.match(path, file) for file in files)]:
        fail(f"dbt knows of nothing under {empty}.")


@check
def check_property_files_are_named_after_folders(ctx: Any) -> None:
    """Whatever is declared in YAML stands in `_<folder>__<kind>.yml`; that of a model or seed lies beside it."""
    wrong = []
    for thing in own(ctx, "nodes", "sources", "semantic_models"):
        if thing.resource_type not in PROPERTY_FILES:
            continue
        beside = thing.resource_type in ("model", "seed")
        declared = (thing.patch_path or "").partition("://")[2] if beside else thing.original_file_path
        folder = PurePosixPath(thing.original_file_path).parent
        topic = thing.source_name if thing.resource_type == "source" else folder.name
        if declared != str(folder / f"_{topic}__{PROPERTY_FILES[thing.resource_type]}.yml"):
            wrong.append(f"{thing.name} in {declared or 'no file'}")
    wrong += [
        f"{test.name} in {test.original_file_path}"
        for test in own(ctx, "unit_tests")
        if not re.search(r"/(\w+)/_\1__unit_tests\.yml$", test.original_file_path)
    ]
    if wrong:
        fail(f"Declared in a file that is not named after its folder: {sorted(wrong)}.")


@check
def check_model_with_logic_has_unit_test(model: Any, ctx: Any, *, logic_pattern: str) -> None:
    """A model whose own SQL decides something (what the pattern finds) has a unit test."""
    logic = re.search(logic_pattern, model.raw_code, re.IGNORECASE)
    if logic and not any(test.model == model.name for test in own(ctx, "unit_tests")):
        fail(f"`{model.name}` has logic (`{logic[0]}`) and no unit test.")


@check
def check_exposure_reads_only(exposure: Any, *, model_name_pattern: str) -> None:
    """An exposure reads the models that are made for readers, and no others."""
    names = [node.split(".")[2] for node in exposure.depends_on.nodes]
    if others := [name for name in names if not re.match(model_name_pattern, name)]:
        fail(f"`{exposure.name}` reads {others}.")


@check
def check_source_is_staged(source: Any, ctx: Any, *, but: list[str]) -> None:
    """A model reads every source but those named; one that is named and read all the same is named in error."""
    readers = [model.name for model in ctx.children_by_unique_id.get(source.unique_id, [])]
    if bool(readers) == (source.name in but):
        fail(f"`{source.name}` is read by {readers or 'nothing'}.")


@check
def check_source_columns_are_described(source: Any) -> None:
    """Every column of a source is declared with its type and a description."""
    columns = source.columns.values()
    if not columns or (bare := [c.name for c in columns if not (c.description and c.data_type)]):
        fail(f"`{source.name}` has columns without description or type: {bare if columns else 'all'}.")


@check
def check_semantic_layer_is_described(ctx: Any) -> None:
    """Every metric is defined; every measure is counted by one, or is the persons that another measure stands for."""
    metrics, semantic_models = own(ctx, "metrics"), own(ctx, "semantic_models")
    bare = [metric.name for metric in metrics if not (metric.description and metric.label)]
    counted = {used.name for metric in metrics for used in metric.type_params.input_measures or []}
    measures = [measure for semantic_model in semantic_models for measure in semantic_model.measures]
    configured = [measure.config.meta or {} for measure in measures if measure.config]
    persons = {name for meta in configured for name in meta.get("persons", [])}
    uncounted = [measure.name for measure in measures if measure.name not in counted | persons]
    if bare or uncounted:
        fail(f"Metrics without a definition: {bare}; measures that nothing counts: {uncounted}.")
