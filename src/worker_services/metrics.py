"""The metric catalogue as the dbt project's semantic layer states it: which metrics there are, and from which feeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from worker_services.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"


@dataclass(frozen=True)
class Metric:
    """A published metric. `feeds`: contracts whose rows it is counted from."""

    metric_id: str
    name_zh: str
    order: int
    feeds: frozenset[str]


@cache
def catalogue() -> dict[str, Metric]:
    """Every published metric by its id, in the order of the catalogue."""
    feeds = {
        measure["name"]: frozenset(_meta(measure).get("feeds", _meta(model)["feeds"]))
        for model in _stated("semantic_models")
        for measure in model["measures"]
    }
    stated = {metric["name"]: metric for metric in _stated("metrics")}

    def feeds_of(name: str) -> frozenset[str]:
        parameters = stated[name]["type_params"]
        if "measure" in parameters:
            return feeds[parameters["measure"]]
        return feeds_of(parameters["numerator"]) | feeds_of(parameters["denominator"])

    found = [
        Metric(name, metric["label"], metric["config"]["meta"]["order"], feeds_of(name))
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


def _stated(kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted(MODELS.rglob("*.yml")):
        yield from (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get(kind, [])
