"""The one catalogue of all checks, wherever they are written: contracts, suites, the dbt project and our own code."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from worker_services.briefing.language import N_
from worker_services.contracts import Column, Contract, contract_feeds, load_contract
from worker_services.landing.rules import rules_of
from worker_services.metrics import catalogue as metric_catalogue
from worker_services.metrics import counted_from
from worker_services.quality.checks import (
    AT_LEAST,
    AT_MOST,
    BETWEEN,
    Check,
    Dimension,
    Severity,
    batch_checks,
    build_checks,
    expected_text,
)
from worker_services.quality.suites import suites_folder
from worker_services.seeds import read_seed
from worker_services.settings import Settings
from worker_services.yaml_files import read_yaml

Stage = Literal["delivery", "row", "batch", "build", "briefing"]
STAGES: dict[Stage, str] = {
    "delivery": N_("到数"),
    "row": N_("逐行"),
    "batch": N_("批次"),
    "build": N_("构建"),
    "briefing": N_("简报"),
}
BUILT_IN = "expectations/built_in.yaml"
DATA_TEAM = "data-team"
STEWARDS = {domain: f"{domain}-steward" for domain in ("health", "employment", "rights", "hardship", "leadership")}
# What the generic tests of the dbt project ask of a relation, and why.
DBT_TESTS: dict[str, tuple[str, str, Dimension]] = {
    "grain": (N_("每个{columns}恰好一行"), N_("重复的行会重复计数，缺键的行无法归属"), "准确性"),
    "relationships": (N_("{column} 在 {to} 中都能找到"), N_("找不到的代码无法归类或者归属"), "一致性"),
    "accepted_values": (N_("{column} 只取 {values}"), N_("未知的取值无法归类"), "规范性"),
    "not_null": (N_("{column} 不为空"), N_("缺值的行无法归属或者统计"), "完整性"),
    "unique": (N_("{column} 不重复"), N_("重复的行会重复计数"), "准确性"),
}


@dataclass(frozen=True)
class Entry:
    """One check: where it stands in the pipeline, what of (`subject`: a feed, a relation), and in which file.

    Without `figures` it is not about particular ones.
    """

    check_id: str
    stage: Stage
    subject: str
    subject_zh: str
    what: str
    why: str
    dimension: Dimension
    severity: Severity
    threshold: str
    figures: tuple[str, ...]
    owner: str
    source: str


def collect(settings: Settings, manifest: Mapping[str, Any] | None) -> list[Entry]:
    """Every check, by stage and subject; those of the dbt project as its manifest says, or none without one.

    Raises SuiteError when a steward's file cannot be used.
    """
    built_in = read_yaml(settings.project_root / BUILT_IN)
    folder = suites_folder(settings)
    contracts = [load_contract(feed) for feed in contract_feeds()]
    found = list(_built_in("delivery", built_in["delivery"]))
    for contract in contracts:
        found += _rows(contract, built_in["rows"])
    for contract in contracts:
        found += [_of_suite("batch", check, contract.label) for check in batch_checks(contract.feed, folder)]
    found += _built_in("build", built_in["build"])
    found += [_of_suite("build", check, str(check.table)) for check in build_checks(folder)]
    if manifest:
        found += _dbt_tests(manifest)
    return [*found, *_built_in("briefing", built_in["briefing"])]


@dataclass(frozen=True)
class Group:
    """The checks of one subject at one stage; `figures` are those that most of them touch."""

    subject: str
    name: str
    figures: tuple[str, ...]
    entries: list[Entry]

    @property
    def differs(self) -> bool:
        """Whether some check touches other figures."""
        return any(entry.figures != self.figures for entry in self.entries)


def grouped(entries: Iterable[Entry]) -> dict[Stage, list[Group]]:
    """The checks by stage and subject, in their order."""
    subjects: dict[tuple[Stage, str, str], list[Entry]] = {}
    for entry in entries:
        subjects.setdefault((entry.stage, entry.subject, entry.subject_zh), []).append(entry)
    groups: dict[Stage, list[Group]] = {stage: [] for stage in STAGES}
    for (stage, subject, name), found in subjects.items():
        ((figures, _),) = Counter(entry.figures for entry in found).most_common(1)
        groups[stage].append(Group(subject, name, figures, found))
    return groups


def manifest_of_last_build(settings: Settings) -> dict[str, Any] | None:
    """What dbt says of the project that the last build was made by; None before the first."""
    path = settings.warehouse / "dbt" / "target" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def parsed_manifest(settings: Settings) -> dict[str, Any]:
    """What dbt says of the project as it stands; takes seconds. Raises RuntimeError when it cannot be parsed."""
    from dbt.cli.main import dbtRunner

    project = settings.project_root / "dbt_project"
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"WAREHOUSE_PATH": ":memory:", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        arguments = ["parse", "--quiet", "--project-dir", str(project), "--profiles-dir", str(project)]
        arguments += ["--target-path", folder, "--log-path", folder]
        result = dbtRunner().invoke(arguments)
        if not result.success:
            raise RuntimeError(f"the dbt project cannot be parsed: {result.exception}")
        return json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def _built_in(stage: Stage, stated: Mapping[str, Mapping[str, Any]]) -> Iterator[Entry]:
    for name, item in stated.items():
        yield Entry(
            check_id=f"{stage}.{name}",
            stage=stage,
            subject="",
            subject_zh={"delivery": N_("每个批次"), "build": N_("每次构建"), "briefing": N_("每期简报")}[stage],
            what=item["what"],
            why=item["why"],
            dimension=item["dimension"],
            severity=item["severity"],
            threshold=item["threshold"],
            figures=(),
            owner=DATA_TEAM,
            source=BUILT_IN,
        )


def _rows(contract: Contract, reasons: Mapping[str, str]) -> Iterator[Entry]:
    """The rules of quarantine: those that a row can break by itself, with its batch, or for want of a parent."""
    rules = {row["rule"]: row for row in read_seed("rules/rules")}
    first_key = contract.column(contract.key[0])
    broken: list[tuple[Column | None, str]] = [(None, "ragged_row")]
    broken += [(column, rule) for column in contract.columns for rule in rules_of(column)]
    later = dict.fromkeys(order.later for order in contract.date_orders)
    broken += [(contract.column(name), "field_order") for name in later]
    broken += [(first_key, "duplicate_row"), (first_key, "duplicate_key")]
    broken += [(column, "orphan_key") for column in contract.columns if column.references]
    for column, rule in broken:
        place = [column.name] if column else []
        yield Entry(
            check_id=".".join([contract.feed, "row", rule, *place]),
            stage="row",
            subject=contract.feed,
            subject_zh=contract.label,
            what=N_("{label}：没有“{rule}”").format(
                label=contract.label_of(column.name if column else None), rule=rules[rule]["rule_zh"]
            ),
            why=reasons[rule],
            dimension=rules[rule]["dimension_zh"],  # type: ignore[arg-type]
            severity="critical",
            threshold=_asked(column, rule),
            figures=counted_from(contract.feed),
            owner=contract.steward,
            source=f"expectations/contracts/{contract.feed}.yaml",
        )


def _asked(column: Column | None, rule: str) -> str:
    if column and rule == "out_of_range":
        low, high = (None if bound is None else f"{bound:,.10g}" for bound in (column.minimum, column.maximum))
        return (BETWEEN if low and high else AT_LEAST if low else AT_MOST).format(low=low, high=high)
    if column and rule == "pattern_mismatch":
        return N_("格式 {form}").format(form=column.pattern)
    if column and rule == "not_in_code_list":
        return N_("代码表 {name}").format(name=column.code_list)
    if rule == "clock_skew":
        return N_("不晚于采集区间终点后一日")
    return N_("每一行")


def _of_suite(stage: Stage, check: Check, subject_zh: str) -> Entry:
    of_contract = check.origin == "contract"
    return Entry(
        check_id=check.check_id,
        stage=stage,
        subject=check.table or check.suite,
        subject_zh=subject_zh,
        what=check.what,
        why=check.why,
        dimension=check.dimension,
        severity=check.severity,
        threshold=expected_text(check),
        figures=check.figures,
        owner=check.owner,
        source=f"expectations/{'contracts' if of_contract else 'suites'}/{check.suite}.yaml",
    )


def _dbt_tests(manifest: Mapping[str, Any]) -> Iterator[Entry]:
    """Generic tests belong to a relation; singular ones hold several against each other, and say in `meta` what for."""
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    for node in sorted(tests, key=lambda node: (node.get("attached_node") or "~", node["name"])):
        if node.get("attached_node"):
            relation = manifest["nodes"][node["attached_node"]]
            what, why, dimension = _generic(node)
            owner, name = _steward(str(relation["original_file_path"])), str(relation["name"])
        else:
            what, why, dimension = (node["config"]["meta"][key] for key in ("what", "why", "dimension"))
            owner, name = DATA_TEAM, N_("跨表核对")
        yield Entry(
            check_id=f"dbt.{node['unique_id'].split('.')[2]}",
            stage="build",
            subject=name,
            subject_zh=name,
            what=what,
            why=why,
            dimension=dimension,
            severity="warning" if node["config"]["severity"].lower() == "warn" else "critical",
            threshold=N_("没有一行不符"),
            figures=_figures(manifest, node["depends_on"]["nodes"]),
            owner=owner,
            source=f"dbt_project/{node['original_file_path']}",
        )


def _generic(node: Mapping[str, Any]) -> tuple[str, str, Dimension]:
    stated = node["test_metadata"]["kwargs"]
    what, why, dimension = DBT_TESTS[node["test_metadata"]["name"]]
    named = {
        "columns": "、".join(stated.get("columns", [])),
        "column": stated.get("column_name", ""),
        "to": str(stated.get("to", "")).removeprefix("ref('").removesuffix("')"),
        "values": "、".join(map(str, stated.get("values", []))),
    }
    return what.format(**named), why, dimension


def _steward(path: str) -> str:
    """Who answers for a relation: the steward of the domain whose folder it lies in, else the data team."""
    return next((steward for domain, steward in STEWARDS.items() if f"/{domain}/" in path), DATA_TEAM)


def _figures(manifest: Mapping[str, Any], nodes: list[str]) -> tuple[str, ...]:
    """The published metrics that are counted from these relations, or from what is made of them."""
    seen, left = set(nodes), list(nodes)
    while left:
        for child in manifest["child_map"].get(left.pop(), []):
            if child not in seen and not child.startswith(("test.", "unit_test.", "exposure.")):
                seen.add(child)
                left.append(child)
    names = {node.split(".")[2] for node in seen if node.startswith("metric.")}
    return tuple(metric_id for metric_id in metric_catalogue() if metric_id in names)
