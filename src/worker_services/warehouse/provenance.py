"""What a build was made by: files of the code, models with the checksums of their SQL, measures, lineage of columns.

Kept in data_root/provenance/<code fingerprint>.json, once for each state of the code that builds were made by. It is
never deleted: it is small, and figures are asked about long after their build is gone.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import duckdb

from worker_services.contracts import contract_feeds, load_contract
from worker_services.files import write_json
from worker_services.settings import PROJECT_ROOT, Settings
from worker_services.warehouse import lineage
from worker_services.warehouse.lineage import Lineage, Origin

SOURCES = (*(f"dbt_project/{folder}" for folder in ("models", "seeds", "macros", "tests")), "partners", "expectations")
"""What a build is made by, in the project."""
PACKAGES = ("duckdb", "dbt-core", "dbt-adapters", "dbt-duckdb", "pyarrow")


@dataclass(frozen=True)
class Model:
    """A dbt model: the checksums (SHA-256) of its file and of the SQL that a full refresh ran, and what it reads.

    `compiled` is that SQL, for those who have neither the code nor dbt.
    """

    name: str
    relation: str
    path: str
    file_sha256: str
    compiled_sha256: str
    reads: tuple[str, ...]
    compiled: str = ""


@dataclass(frozen=True)
class Measure:
    """What is counted: `expr` over the rows of a fact, by a date. The macro `measures` reads the same definitions."""

    name: str
    fact: str
    aggregation: Literal["sum", "count_distinct"]
    expr: str
    event_date: str
    record: str
    feeds: tuple[str, ...]


@dataclass(frozen=True)
class Feed:
    """What tells the records of a feed apart, as landed, and which columns name records of other feeds."""

    key: tuple[str, ...]
    is_snapshot: bool
    references: dict[str, str]


@dataclass(frozen=True)
class Provenance:
    """One state of the code that builds are made by. `files` are paths in the project with their SHA-256."""

    code_version: str
    files: dict[str, str]
    models: dict[str, Model]
    measures: dict[str, Measure]
    feeds: dict[str, Feed]
    lineage: Lineage


def source_files(*folders: str, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Every file below folders of the project (or the file itself), by its path, with the SHA-256 of its bytes."""
    found = {}
    for folder in folders:
        start = root / folder
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and "__pycache__" not in path.parts:
                state = path.stat()
                found[str(path.relative_to(root))] = _sha256(path, state.st_ino, state.st_size, state.st_ctime_ns)
    return found


@lru_cache(maxsize=2048)
def _sha256(path: Path, inode: int, size: int, changed: int) -> str:
    """Of a file as it was when it had these; the fonts alone are 16 MB, and each edition names them."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def packages(names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Installed versions."""
    return {name: version(name) for name in names}


def path(settings: Settings, code_fingerprint: str) -> Path:
    return settings.data_root / "provenance" / f"{code_fingerprint}.json"


def write(settings: Settings, code_fingerprint: str, code_version: str, manifest: dict[str, Any], build: Path) -> None:
    """Keep what a full refresh was made by, from dbt's manifest of it and the relations of the build file."""
    with duckdb.connect(str(build), read_only=True) as database:
        found = of_manifest(code_version, manifest, database)
    write_json(path(settings, code_fingerprint), dataclasses.asdict(found))


def of_manifest(code_version: str, manifest: dict[str, Any], database: duckdb.DuckDBPyConnection) -> Provenance:
    """What a manifest, with the SQL that was run, says of the code. `database` is open on what it made."""
    relations: dict[str, dict[str, str]] = {}
    for relation, column, sql_type in database.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and not internal order by table_oid, column_index"
    ).fetchall():
        relations.setdefault(relation, {})[column] = sql_type
    nodes = manifest["nodes"] | manifest.get("sources", {})
    run = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node.get("compiled_code")
    }
    models = {
        node["name"]: Model(
            name=node["name"],
            relation=_relation(node),
            path=f"dbt_project/{node['original_file_path']}",
            file_sha256=node["checksum"]["checksum"],
            compiled_sha256=hashlib.sha256(node["compiled_code"].encode()).hexdigest(),
            reads=tuple(sorted(_relation(nodes[parent]) for parent in node["depends_on"]["nodes"])),
            compiled=node["compiled_code"],
        )
        for node in run.values()
    }
    return Provenance(
        code_version=code_version,
        files=source_files(*SOURCES),
        models=models,
        measures={measure.name: measure for measure in _measures(manifest)},
        feeds={feed: _feed(feed) for feed in contract_feeds()},
        lineage=lineage.of_models({_relation(node): node["compiled_code"] for node in run.values()}, relations),
    )


def read(settings: Settings, code_fingerprint: str) -> Provenance:
    """Raises FileNotFoundError."""
    fields = json.loads(path(settings, code_fingerprint).read_text(encoding="utf-8"))
    return Provenance(
        code_version=fields["code_version"],
        files=fields["files"],
        models={name: Model(**item | {"reads": tuple(item["reads"])}) for name, item in fields["models"].items()},
        measures={name: Measure(**item | {"feeds": tuple(item["feeds"])}) for name, item in fields["measures"].items()},
        feeds={name: Feed(**item | {"key": tuple(item["key"])}) for name, item in fields["feeds"].items()},
        lineage={
            relation: {
                column: Origin(tuple(origin["made_of"]), tuple(origin["told_by"]), origin["unresolved"])
                for column, origin in columns.items()
            }
            for relation, columns in fields["lineage"].items()
        },
    )


def _measures(manifest: dict[str, Any]) -> list[Measure]:
    found = []
    for model in manifest["semantic_models"].values():
        times = {each["name"]: each["expr"] or each["name"] for each in model["dimensions"]}
        keys = [each["expr"] or each["name"] for each in model["entities"] if each["type"] == "primary"]
        for measure in model["measures"]:
            time = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
            found.append(
                Measure(
                    name=measure["name"],
                    fact=model["node_relation"]["alias"],
                    aggregation=measure["agg"],
                    expr=measure["expr"] or measure["name"],
                    event_date=times[time],
                    record=keys[0],
                    feeds=tuple(_meta(measure).get("feeds") or _meta(model)["feeds"]),
                )
            )
    return found


def _meta(stated: Mapping[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = (stated.get("config") or {}).get("meta") or {}
    return meta


def _feed(feed: str) -> Feed:
    contract = load_contract(feed)
    return Feed(
        key=tuple(contract.column(name).published_name for name in contract.key),
        is_snapshot=contract.delivery == "snapshot",
        references={column.published_name: column.references[0] for column in contract.columns if column.references},
    )


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node['identifier']}"
