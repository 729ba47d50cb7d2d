"""What is checked: expectations that follow from a feed's contract, and those its steward wrote.

A steward's suite is `expectations/suites/<feed>.yaml`; `marts.yaml` holds the checks on the warehouse. None of
this imports Great Expectations.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from worker_services.briefing.language import N_
from worker_services.contracts import VERSION_COLUMN, Column, Contract, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.metrics import counted_from
from worker_services.quality.profiles import Profile, number_columns
from worker_services.quality.usual import Figure, FigureKind, Learned, TooLittlePast, learn
from worker_services.yaml_files import read_yaml

Severity = Literal["critical", "warning"]
Dimension = Literal["规范性", "完整性", "准确性", "一致性", "时效性", "可访问性"]
DIMENSIONS: tuple[Dimension, ...] = ("规范性", "完整性", "准确性", "一致性", "时效性", "可访问性")
MARTS = "marts"
OWNERS = {
    "health-steward": N_("健康数据管理员"),
    "employment-steward": N_("就业数据管理员"),
    "rights-steward": N_("权益数据管理员"),
    "hardship-steward": N_("帮扶数据管理员"),
    "leadership-steward": N_("组织保障数据管理员"),
    "data-team": N_("数据组"),
}

# Those that give the same answer in DuckDB as hand-written SQL; tests/quality proves it for each.
EXPECTATIONS = (
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_distinct_values_to_contain_set",
    "expect_column_max_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_min_to_be_between",
    "expect_column_most_common_value_to_be_in_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_proportion_of_non_null_values_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_unique_value_count_to_be_between",
    "expect_column_value_lengths_to_be_between",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_null",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_match_regex",
    "expect_compound_columns_to_be_unique",
    "expect_table_columns_to_match_set",
    "expect_table_row_count_to_be_between",
    "unexpected_rows_expectation",
)
USUAL = "expect_figure_to_be_usual"
"""Ours: a figure of a batch against bounds learned from the partner's own past (`quality/usual.py`)."""
EARLIER, REPLACED = "earlier", "replaced"
"""What a query may name beside `batch`: rows of the nights before, and of the delivery that this one replaces."""

# What each kind of contract rule asks for, why, and its dimension in GB/T 36344-2018.
RULES: dict[str, tuple[str, str, Dimension]] = {
    "columns": (N_("列与数据标准一致"), N_("缺列或多列会使后续统计取错数据"), "规范性"),
    "types": (N_("各列数据类型与数据标准一致"), N_("类型不一致会使不同批次无法合并统计"), "准确性"),
    "rows": (N_("本批次至少有一行数据"), N_("该数据项每日都有业务发生，空批次多为导出失败"), "完整性"),
    "key": (N_("{label}不重复"), N_("同一笔业务重复计数会使指标虚高"), "准确性"),
    "required": (N_("{label}不为空"), N_("必填项缺失的记录无法归属或统计"), "完整性"),
    "pseudonym": (N_("{label}已换成不可逆代码"), N_("原始身份号码不得进入数据区"), "规范性"),
    "code_list": (N_("{label}取自代码表"), N_("代码表之外的取值无法归类"), "规范性"),
    "pattern": (N_("{label}符合编号规则"), N_("编号不规范的记录无法与其他系统对应"), "准确性"),
    "range": (N_("{label}在允许范围内"), N_("超出范围的数值会使合计和平均失真"), "准确性"),
    "not_future": (N_("{label}不晚于采集区间"), N_("尚未发生的业务不能计入"), "时效性"),
    "order": ("{label}", N_("日期先后颠倒说明其中之一录入有误"), "时效性"),
    "shrunk": (
        N_("重新报送的行数、合计不比上次少一成以上"),
        N_("同一区间的合计缩小多为漏导或误删，已经通报的数字会随之下降"),
        "一致性",
    ),
}
BETWEEN, AT_LEAST, AT_MOST = N_("{low} 至 {high}"), N_("不小于 {low}"), N_("不大于 {high}")
SHOWN = {"shrunk"}  # rules of a contract that are worth a look and hold nothing back
DERIVED = {"age_band": (N_("年龄段"), "age_bands"), "sex": (N_("性别"), "sexes")}


class SuiteError(ValueError):
    """A suite file cannot be used: says which file, which entry, and what is wrong."""


@dataclass(frozen=True)
class Check:
    """One expectation, and what a reader needs to judge it. `kwargs` may hold bounds that depend on a batch.

    `expected`, `observed`: texts of a check whose bounds were learned. `relations`: what its query reads beside
    `batch`.
    """

    check_id: str
    suite: str
    table: str | None
    expectation: str
    kwargs: Mapping[str, Any]
    what: str
    why: str
    dimension: Dimension
    severity: Severity
    figures: tuple[str, ...]
    owner: str
    origin: Literal["contract", "steward"]
    applies_from_rows: int = 0
    expected: str = ""
    observed: str = ""
    relations: Mapping[str, str] = field(default_factory=dict)

    @property
    def figure(self) -> Figure | None:
        """What is measured against the partner's own past, if this check does so."""
        return Figure.model_validate(dict(self.kwargs)) if self.expectation == USUAL else None


@dataclass(frozen=True)
class BatchContext:
    """Which delivery a file is, and what there is to compare it with.

    `usual_rows_per_day` is None while there is nothing. `profile` is of the delivery itself, `past` of the partner's
    earlier ones. `relations`: SELECT statements over EARLIER and REPLACED, where there are such rows.
    """

    batch_id: str
    partner: str
    interval: Interval
    usual_rows_per_day: float | None = None
    profile: Profile | None = None
    past: Sequence[Profile] = ()
    relations: Mapping[str, str] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return (self.interval.end - self.interval.start).days


class _Rule(NamedTuple):
    kind: str
    label: str
    expectation: str
    kwargs: dict[str, Any]
    columns: tuple[str, ...] = ()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ShareOfUsualRows(_Strict):
    """A bound of so many times the rows this partner usually delivers in an interval of this length."""

    share_of_usual_rows: float = Field(ge=0)


class DaysBeforeInterval(_Strict):
    """A bound so many days before the first day of the interval."""

    days_before_interval: int = Field(ge=0)


class DaysBeforeIntervalEnd(_Strict):
    """A bound so many days before the end of the interval; 0 is the day after its last day."""

    days_before_interval_end: int = Field(ge=0)


BatchBound = ShareOfUsualRows | DaysBeforeInterval | DaysBeforeIntervalEnd
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Argument = BatchBound | bool | int | float | date | str | list[str] | list[bool] | list[int] | None


class SuiteEntry(_Strict):
    """One entry of a suite file. Without `figures` it touches every metric that the feed counts into."""

    id: _Name
    table: str | None = None
    expectation: Literal[(*EXPECTATIONS, USUAL)]  # type: ignore[valid-type]
    kwargs: dict[str, _Argument] = Field(default_factory=dict)
    what: _Text
    why: _Text
    dimension: Dimension
    severity: Severity
    figures: list[_Name] | None = None
    owner: Literal[tuple(OWNERS)]  # type: ignore[valid-type]
    applies_from_rows: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _says_which_figure(self) -> "SuiteEntry":
        if self.expectation == USUAL:
            Figure.model_validate(self.kwargs)
            if self.applies_from_rows:
                raise ValueError("what is learned needs no 'applies_from_rows': chance is allowed for")
        return self


class SuiteFile(_Strict):
    """A suite file. `empty` says what a batch without rows means."""

    suite: _Name
    title: _Text
    empty: Literal["refuse", "warn", "allow"] = "allow"
    checks: list[SuiteEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _entries_are_distinct(self) -> "SuiteFile":
        seen: set[str] = set()
        for entry in self.checks:
            if entry.id in seen:
                raise ValueError(f"two checks are called '{entry.id}'")
            if (entry.table is None) == (self.suite == MARTS):
                raise ValueError(f"check '{entry.id}': 'table' belongs to the checks of {MARTS}.yaml, and to no other")
            seen.add(entry.id)
        return self


def load_suite(folder: Path, name: str) -> SuiteFile:
    """Read `<folder>/<name>.yaml`. Raises SuiteError naming the file, the entry and each fault in it."""
    path = folder / f"{name}.yaml"
    try:
        document = read_yaml(path)
        suite = SuiteFile.model_validate(document)
    except FileNotFoundError as error:
        raise SuiteError(f"{path}: there is no such suite file") from error
    except yaml.YAMLError as error:
        raise SuiteError(f"{path}: not readable as YAML: {error}") from error
    except ValidationError as error:
        faults = "\n".join(f"  {_place(document, fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise SuiteError(f"{path} cannot be used:\n{faults}") from error
    if suite.suite != name:
        raise SuiteError(f"{path}: says suite: {suite.suite}; the name must be that of the file")
    return suite


def batch_checks(feed: str, suites: Path) -> list[Check]:
    """Every check of one batch of a feed: the contract's first, then the steward's."""
    contract = load_contract(feed)
    suite = load_suite(suites, feed)
    found = _steward_checks(suite)
    for check in found:
        if check.figure and not check.figure.fits(contract):
            raise SuiteError(f"{suites / feed}.yaml: {check.check_id}: the contract has no such column for this figure")
    return [*_contract_checks(contract, suite), *found]


def build_checks(suites: Path) -> list[Check]:
    """Every check of a warehouse build, table by table."""
    checks = _steward_checks(load_suite(suites, MARTS))
    tables = list(dict.fromkeys(check.table for check in checks))
    return sorted(checks, key=lambda check: tables.index(check.table))


class NotApplicable(Exception):
    """There is nothing to compare with yet; the message says in Chinese what is lacking."""


def bind(check: Check, context: BatchContext) -> Check:
    """The check with its bounds worked out for one batch. Raises NotApplicable."""
    if check.figure:
        return _learned(check, check.figure, context)
    named = [name for name in (EARLIER, REPLACED) if _reads(check, name)]
    if lacking := [name for name in named if name not in context.relations]:
        raise NotApplicable(N_("近七日没有已入库的批次") if EARLIER in lacking else N_("此前没有报送过这一区间"))
    bound: dict[str, Any] = {}
    for name, value in check.kwargs.items():
        if isinstance(value, ShareOfUsualRows):
            if context.usual_rows_per_day is None:
                raise NotApplicable(N_("尚无以往批次可比"))
            value = round(value.share_of_usual_rows * context.usual_rows_per_day * context.days)
        elif isinstance(value, DaysBeforeInterval):
            value = context.interval.start - timedelta(days=value.days_before_interval)
        elif isinstance(value, DaysBeforeIntervalEnd):
            value = context.interval.end - timedelta(days=value.days_before_interval_end)
        bound[name] = value
    return replace(check, kwargs=bound, relations={name: context.relations[name] for name in named})


def _learned(check: Check, figure: Figure, context: BatchContext) -> Check:
    """The figure of the batch beside its bounds, as a query that finds it where it lies outside of them."""
    if context.profile is None:
        raise NotApplicable(N_("尚无以往批次可比"))
    try:
        found = learn(figure, check.check_id, context.profile, context.past)
    except TooLittlePast as error:
        raise NotApplicable(str(error)) from error
    outside = [f"value < {found.low!r}"] if found.low is not None else []
    outside += [f"value > {found.high!r}"] if found.high is not None else []
    value = _figure_text(figure, found.value)
    query = f"select value from (select {found.value!r} as value) as figure where {' or '.join(outside)}"
    return replace(
        check,
        expectation="unexpected_rows_expectation",
        kwargs={"unexpected_rows_query": query},
        expected=N_("{bounds}（{basis}）").format(bounds=_learned_text(figure, found), basis=found.basis),
        observed=N_("{value}（{note}）").format(value=value, note=found.note) if found.note else value,
    )


def _learned_text(figure: Figure, found: Learned) -> str:
    if figure.figure == "absent":
        return N_("常有的代码都有")
    low, high = (None if bound is None else _figure_text(figure, bound) for bound in (found.low, found.high))
    return BETWEEN.format(low=low.removesuffix(" 行"), high=high) if low else AT_MOST.format(high=high)


def _figure_text(figure: Figure, value: float) -> str:
    if figure.figure == "rows":
        return N_("{number} 行").format(number=f"{value:,.0f}")
    if figure.figure == "filled":
        return f"{value:.1%}"
    if figure.figure == "absent":
        return N_("{number} 个代码没有数据").format(number=f"{value:.0f}")
    return f"{value:,.2f}"


def _reads(check: Check, relation: str) -> bool:
    return bool(re.search(rf"\b(from|join) {relation}\b", str(check.kwargs.get("unexpected_rows_query", ""))))


def expected_text(check: Check) -> str:
    """What the check asks for, in Chinese."""
    kwargs = check.kwargs
    kind = check.expectation
    if check.figure:
        text = _usual_text(check.figure)
    elif kind == "unexpected_rows_expectation":
        text = N_("不应有不符合要求的记录")
    elif kind == "expect_table_columns_to_match_set":
        text = N_("恰好为数据标准规定的 {number} 列").format(number=len(kwargs["column_set"]))
    elif kind.endswith("_be_unique"):
        text = N_("不重复")
    elif kind == "expect_column_values_to_not_be_null":
        text = N_("不为空")
    elif kind == "expect_column_values_to_be_null":
        text = N_("为空")
    elif kind == "expect_column_pair_values_a_to_be_greater_than_b":
        order = N_("{later} 不小于 {earlier}") if kwargs.get("or_equal") else N_("{later} 大于 {earlier}")
        text = order.format(later=kwargs["column_A"], earlier=kwargs["column_B"])
    elif kind.endswith("match_regex"):
        match = N_("不符合格式 {form}") if "_not_" in kind else N_("符合格式 {form}")
        text = match.format(form=kwargs["regex"])
    elif kind.endswith("_set"):
        text = _set_text(kind, kwargs["value_set"])
    else:
        text = _range_text(kwargs)
    if "mostly" in kwargs:
        text = N_("{asked}（至少 {share} 的记录）").format(asked=text, share=f"{float(kwargs['mostly']):.0%}")
    return text


def _set_text(kind: str, stated: Sequence[object]) -> str:
    values = [(N_("是") if value else N_("否")) if isinstance(value, bool) else str(value) for value in stated]
    listed = len(values) <= 8
    if "_not_" in kind:
        text = N_("不取 {codes}") if listed else N_("不取代码表的 {number} 个代码")
    elif "_contain_" in kind:
        text = N_("包含 {codes}") if listed else N_("包含代码表的 {number} 个代码")
    elif len(values) == 1:
        text = N_("为 {codes}")
    else:
        text = N_("取自 {codes}") if listed else N_("取自代码表的 {number} 个代码")
    return text.format(codes="、".join(values), number=len(values))


USUAL_TEXTS: dict[FigureKind, str] = {
    "rows": N_("{nights}行数与该单位此前 {weeks} 周{like}的中位数相差不超过 {tolerance} 倍离差"),
    "filled": N_("{nights}填写率与该单位此前 {weeks} 周的中位数相差不超过 {tolerance} 倍离差"),
    "median": N_("{nights}中位数不超出该单位此前 {weeks} 周最低、最高的 {tolerance} 倍"),
    "drift": N_("{nights}构成与该单位此前 {weeks} 周相比，群体稳定性指标（PSI）除去偶然波动不大于 {tolerance}"),
    "absent": N_("{nights}没有缺少按该单位此前 {weeks} 周占比应有 {tolerance} 行以上的代码"),
}
SLOW_DRIFT_TEXT = N_(
    "{nights}构成与该单位 {gap} 日以前、{weeks} 周以内相比，群体稳定性指标（PSI）除去偶然波动不大于 {tolerance}"
)


def _usual_text(figure: Figure) -> str:
    is_night = figure.nights == 1
    return (SLOW_DRIFT_TEXT if figure.gap else USUAL_TEXTS[figure.figure]).format(
        nights=N_("当日") if is_night else N_("近 {number} 日").format(number=figure.nights),
        gap=figure.gap,
        weeks=figure.weeks,
        like=N_("同类日子") if is_night else N_("各 {number} 日区间").format(number=figure.nights),
        tolerance=f"{figure.tolerance:g}",
    )


def _range_text(kwargs: Mapping[str, Any]) -> str:
    low, high = (_bound_text(kwargs.get(name)) for name in ("min_value", "max_value"))
    if low and high:
        return BETWEEN.format(low=low, high=high)
    if low:
        return (N_("大于 {low}") if kwargs.get("strict_min") else AT_LEAST).format(low=low)
    return (N_("小于 {high}") if kwargs.get("strict_max") else AT_MOST).format(high=high)


def _bound_text(value: object) -> str:
    if isinstance(value, ShareOfUsualRows):
        return N_("平常行数的 {times} 倍").format(times=f"{value.share_of_usual_rows:g}")
    if isinstance(value, DaysBeforeInterval):
        return N_("采集区间开始前 {days} 日").format(days=value.days_before_interval)
    if isinstance(value, DaysBeforeIntervalEnd):
        days = value.days_before_interval_end
        return N_("采集区间终点") if days == 0 else N_("采集区间终点前 {days} 日").format(days=days)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else f"{value}"


def _steward_checks(suite: SuiteFile) -> list[Check]:
    return [
        Check(
            check_id=f"{suite.suite}.{entry.id}",
            suite=suite.suite,
            table=entry.table,
            expectation=entry.expectation,
            kwargs=dict(entry.kwargs),
            what=entry.what,
            why=entry.why,
            dimension=entry.dimension,
            severity=entry.severity,
            figures=counted_from(suite.suite) if entry.figures is None else tuple(entry.figures),
            owner=entry.owner,
            origin="steward",
            applies_from_rows=entry.applies_from_rows,
        )
        for entry in suite.checks
    ]


def _contract_checks(contract: Contract, suite: SuiteFile) -> Iterator[Check]:
    for rule in _contract_rules(contract, suite):
        what, why, dimension = RULES[rule.kind]
        named = [rule.kwargs[name] for name in ("column", "column_A", "column_B") if name in rule.kwargs]
        columns = named or list(rule.columns)
        yield Check(
            check_id=".".join([contract.feed, "_".join([rule.kind, *columns])]),
            suite=suite.suite,
            table=None,
            expectation=rule.expectation,
            kwargs=rule.kwargs,
            what=what.format(label=rule.label),
            why=why,
            dimension=dimension,
            severity=_severity(rule, suite),
            figures=counted_from(contract.feed),
            owner=contract.steward,
            origin="contract",
        )


def _severity(rule: _Rule, suite: SuiteFile) -> Severity:
    is_shown = rule.kind in SHOWN or (rule.kind == "rows" and suite.empty == "warn")
    return "warning" if is_shown else "critical"


def _contract_rules(contract: Contract, suite: SuiteFile) -> Iterator[_Rule]:
    columns = contract.landed_columns
    yield _Rule("columns", "", "expect_table_columns_to_match_set", {"column_set": list(columns), "exact_match": True})
    yield _Rule("types", "", "unexpected_rows_expectation", {"unexpected_rows_query": _type_query(columns)})
    if suite.empty != "allow":
        yield _Rule("rows", "", "expect_table_row_count_to_be_between", {"min_value": 1})
    key = [*contract.key, VERSION_COLUMN] if contract.has_versions else [*contract.key]
    labels = "、".join(contract.column(name).label for name in key)
    if len(key) == 1:
        yield _Rule("key", labels, "expect_column_values_to_be_unique", {"column": key[0]})
    else:
        yield _Rule("key", labels, "expect_compound_columns_to_be_unique", {"column_list": key})
    for column in contract.columns:
        if column.privacy != "drop":
            yield from _column_rules(column, contract)
    yield _Rule("shrunk", "", "unexpected_rows_expectation", {"unexpected_rows_query": _shrunk_query(contract)})
    for order in contract.date_orders:
        yield _Rule(
            "order",
            N_("{later}不早于{earlier}").format(
                later=contract.column(order.later).label, earlier=contract.column(order.earlier).label
            ),
            "expect_column_pair_values_a_to_be_greater_than_b",
            {
                "column_A": order.later,
                "column_B": order.earlier,
                "or_equal": True,
                "ignore_row_if": "either_value_is_missing",
            },
        )


def _column_rules(column: Column, contract: Contract) -> Iterator[_Rule]:
    name, label = column.published_name, column.label
    if column.required and (column.key_position or not contract.has_withdrawals):
        yield _Rule("required", label, "expect_column_values_to_not_be_null", {"column": name})
    elif column.required:  # a withdrawal needs no more than its key
        empty = f"select {name} from batch where {name} is null and record_status is distinct from 'withdrawn'"
        yield _Rule("required", label, "unexpected_rows_expectation", {"unexpected_rows_query": empty}, (name,))
    if column.privacy == "pseudonymise":
        form = {"column": name, "regex": "^[0-9a-f]{64}$"}
        yield _Rule("pseudonym", label, "expect_column_values_to_match_regex", form)
        for derived in column.derived:
            yield _code_list_rule(derived, *DERIVED[derived])
        return
    if column.code_list:
        yield _code_list_rule(name, label, column.code_list)
    if column.pattern:
        form = {"column": name, "regex": column.pattern}
        yield _Rule("pattern", label, "expect_column_values_to_match_regex", form)
    bounds = {"min_value": column.minimum, "max_value": column.maximum}
    stated = {bound: value for bound, value in bounds.items() if value is not None}
    if stated:
        yield _Rule("range", label, "expect_column_values_to_be_between", {"column": name, **stated})
    if column.not_after_interval:
        is_time = column.logical_type == "timestamp"
        latest = DaysBeforeIntervalEnd(days_before_interval_end=0 if is_time else 1)
        limit = {"column": name, "max_value": latest} | ({"strict_max": True} if is_time else {})
        yield _Rule("not_future", label, "expect_column_values_to_be_between", limit)


def _code_list_rule(name: str, label: str, code_list: str) -> _Rule:
    codes = list(dict.fromkeys(load_code_list(code_list).values()))
    return _Rule("code_list", label, "expect_column_values_to_be_in_set", {"column": name, "value_set": codes})


def _shrunk_query(contract: Contract) -> str:
    totals = {"rows": "count(*)"} | {name: f"sum({name})" for name in number_columns(contract)}
    picked = ", ".join(f"{total} as {name}" for name, total in totals.items())
    shrunk = " or ".join(f"now.{name} < 0.9 * before.{name}" for name in totals)
    return (
        f"select now.rows from (select {picked} from batch) as now "
        f"cross join (select {picked} from {REPLACED}) as before where {shrunk}"
    )


def _type_query(columns: Mapping[str, str]) -> str:
    found = ", ".join(f"typeof({name})" for name in columns)
    stated = ", ".join(f"'{sql_type.upper().replace(', ', ',')}'" for sql_type in columns.values())
    names = ", ".join(f"'{name}'" for name in columns)
    return (
        f"select * from (select unnest([{names}]) as column_name, unnest([{stated}]) as stated, "
        f"unnest([{found}]) as found from (select * from batch limit 1) as one_row) as types "
        "where stated <> found"
    )


def _place(document: object, location: tuple[int | str, ...]) -> str:
    if len(location) > 1 and location[0] == "checks" and isinstance(location[1], int):
        entry = document["checks"][location[1]]  # type: ignore[index]
        name = entry.get("id", "") if isinstance(entry, dict) else ""
        return f"check {location[1] + 1} ('{name}'), " + ".".join(str(part) for part in location[2:])
    return ".".join(str(part) for part in location) or "the file"
