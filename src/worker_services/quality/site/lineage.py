"""The lineage pages: for each mart that reports read, what each of its columns is made of, down to partners' feeds.

lineage/index.html lists the marts, lineage/<mart>.html has a row a column, with the column's name as its anchor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker_services.contracts import contract_feeds, load_contract
from worker_services.quality.catalogue import manifest_of_last_build
from worker_services.quality.site.layout import Site, write_page
from worker_services.warehouse import lineage, provenance
from worker_services.warehouse.lineage import ROWS, Lineage, Origin
from worker_services.warehouse.publish import read_record, record_path

SECTION = "lineage/index.html"
REPORTS = "marts.rpt_"


@dataclass(frozen=True)
class Ends:
    """What a column comes of in the end: columns of partners' feeds by feed, and of the project's seeds by seed."""

    feeds: dict[str, list[str]]
    seeds: dict[str, list[str]]
    build: list[str]


@dataclass(frozen=True)
class ColumnOrigin:
    """A column of a mart: made of these columns one step back, or told by the rows of these relations. `through` are
    the relations on its way, nearest first.
    """

    name: str
    description: str
    made_of: tuple[str, ...]
    told_by: tuple[str, ...]
    through: list[str]
    ends: Ends


@dataclass(frozen=True)
class Mart:
    name: str
    description: str
    columns: list[ColumnOrigin]

    @property
    def path(self) -> str:
        return f"lineage/{self.name}.html"


def write(site: Site) -> list[Path]:
    """Write the pages of the published build's marts; none without a build, or if nothing was kept of its making."""
    is_kept = site.build is not None and record_path(site.settings, site.build.build_id).exists()
    record = read_record(site.settings, site.build.build_id) if site.build and is_kept else {}
    if not provenance.path(site.settings, record.get("code_fingerprint", "")).exists():
        return []
    code = provenance.read(site.settings, record["code_fingerprint"])
    marts = marts_of(code.lineage, manifest_of_last_build(site.settings))
    shared = {"code_version": code.code_version, "code_fingerprint": record["code_fingerprint"]}
    files = write_page(
        site, SECTION, "lineage_marts.html.j2", lambda language: {"marts": marts, **shared}, section=SECTION
    )
    for mart in marts:

        def shown(language: Any, mart: Mart = mart) -> dict[str, Any]:
            return {"mart": mart, "labels": _labels(language.code), "marts": {each.name for each in marts}, **shared}

        files += write_page(
            site,
            mart.path,
            "lineage_mart.html.j2",
            shown,
            section=SECTION,
            crumbs=lambda language: [(language.gettext("数据血缘"), SECTION)],
        )
    return files


def marts_of(found: Lineage, manifest: Mapping[str, Any] | None) -> list[Mart]:
    """Every mart for reports with the origin of its columns, described as dbt's manifest does."""
    described = {
        node["name"]: node for node in (manifest or {"nodes": {}})["nodes"].values() if node["resource_type"] == "model"
    }
    marts = []
    for relation in sorted(name for name in found if name.startswith(REPORTS)):
        name = relation.partition(".")[2]
        node = described.get(name, {"description": "", "columns": {}})
        columns = [
            _column(found, relation, column, node["columns"].get(column, {}).get("description", ""))
            for column in found[relation]
            if column != ROWS
        ]
        marts.append(Mart(name, node["description"], columns))
    return marts


def _column(found: Lineage, relation: str, column: str, description: str) -> ColumnOrigin:
    name = f"{relation}.{column}"
    origin = found[relation].get(column, Origin())
    way = [each.rpartition(".")[0] for each, of in lineage.walk(found, name) if of is not None]
    ends = Ends({}, {}, [])
    for end in sorted(lineage.ends(found, name)):
        its_relation, _, its_column = end.rpartition(".")
        schema, _, its_name = its_relation.partition(".")
        if schema == "seeds":
            ends.seeds.setdefault(its_name, []).append(its_column)
        elif its_name in contract_feeds():
            ends.feeds.setdefault(its_name, []).append(its_column)
        else:
            ends.build.append(end)
    return ColumnOrigin(
        name=column,
        description=description,
        made_of=origin.made_of,
        told_by=() if origin.made_of else origin.told_by,
        through=list(dict.fromkeys(each for each in way if each != relation)),
        ends=ends,
    )


def _labels(code: str) -> dict[str, str]:
    """What columns of feeds (feed.column, as they land) are called."""
    return {
        f"{feed}.{column.published_name}": column.label if code == "zh" else column.label_en
        for feed in contract_feeds()
        for column in load_contract(feed).columns
    }
