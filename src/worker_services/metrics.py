"""The metric catalogue as the dbt project's semantic layer states it: which metrics there are, and from which feeds."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from worker_services.settings import PROJECT_ROOT
from worker_services.yaml_files import read_yaml

MODELS = PROJECT_ROOT / "dbt_project" / "models"


@dataclass(frozen=True)
class Metric:
    """A published metric. `feeds`: contracts whose rows it is counted from."""

    metric_id: str
    name_zh: str
    name_en: str
    order: int
    feeds: frozenset[str]


@cache
def catalogue() -> dict[str, Metric]:
    """Every published metric by its id, in the order of the catalogue."""
    documents = [read_yaml(path) or {} for path in sorted(MODELS.rglob("*.yml"))]
    feeds = {
        measure["name"]: frozenset(_meta(measure).get("feeds", _meta(model)["feeds"]))
        for document in documents
        for model in document.get("semantic_models", [])
        for measure in model.get("measures", [])  # a dimension has none
    }
    stated = {metric["name"]: metric for document in documents for metric in document.get("metrics", [])}

    def feeds_of(name: str) -> frozenset[str]:
        parameters = stated[name]["type_params"]
        if "measure" in parameters:
            return feeds[parameters["measure"]]
        return feeds_of(parameters["numerator"]) | feeds_of(parameters["denominator"])

    found = [
        Metric(name, metric["label"], _meta(metric)["name_en"], _meta(metric)["order"], feeds_of(name))
        for name, metric in stated.items()
        if "order" in metric["config"]["meta"]
    ]
    return {metric.metric_id: metric for metric in sorted(found, key=lambda metric: metric.order)}


def counted_from(feed: str) -> tuple[str, ...]:
    """Ids of the published metrics that a feed counts into."""
    return tuple(metric.metric_id for metric in catalogue().values() if feed in metric.feeds)


def _meta(stated: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = stated.get("config", {}).get("meta", {})
    return meta
