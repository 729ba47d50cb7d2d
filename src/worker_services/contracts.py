"""Contracts: what a row of a feed is, in the Open Data Contract Standard (ODCS v3).

The reader, the row checks, the privacy rules, the dbt sources and the structural expectations all come from here.
Code lists are the dbt seeds that the warehouse uses, so that a code is stated once.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty, Team

from worker_services.seeds import read_seed
from worker_services.settings import PROJECT_ROOT
from worker_services.yaml_files import read_yaml

CONTRACTS = PROJECT_ROOT / "expectations" / "contracts"

LogicalType = Literal["string", "integer", "number", "date", "timestamp"]
SQL_TYPES: dict[str, str] = {
    "string": "varchar",
    "integer": "bigint",
    "number": "decimal(18, 4)",
    "date": "date",
    "timestamp": "timestamp",
}
LANDING_COLUMNS = {"_batch_id": "varchar", "_row_number": "bigint", "_landed_at": "timestamp"}
VERSION_COLUMN = "updated_at"
CUSTOM_PROPERTIES = {"codeList", "checkDigit", "notAfterInterval", "privacy", "derive"}


@dataclass(frozen=True)
class Column:
    """One column of a feed as a partner delivers it, and what becomes of it at the door."""

    name: str
    label: str
    description: str
    logical_type: LogicalType
    required: bool
    key_position: int | None
    pattern: str | None
    minimum: float | None
    maximum: float | None
    code_list: str | None
    check_digit: Literal["citizen_id", "credit_code"] | None
    not_after_interval: bool
    privacy: Literal["keep", "pseudonymise", "drop"]
    published_name: str
    derived: tuple[Literal["age_band", "sex"], ...]
    references: tuple[str, str] | None

    @property
    def label_en(self) -> str:
        """English name, for those who read: the identifier, in words."""
        return _in_words(self.name)

    @property
    def is_version(self) -> bool:
        """Whether the column says which version of a record is the later one."""
        return self.name == VERSION_COLUMN


@dataclass(frozen=True)
class DateOrder:
    """Two date columns of which the first may not lie after the second."""

    earlier: str
    later: str


@dataclass(frozen=True)
class Contract:
    """What a row of one feed is."""

    feed: str
    label: str
    domain: str
    version: str
    grain: str
    steward: str
    columns: tuple[Column, ...]
    date_orders: tuple[DateOrder, ...]
    delivery: Literal["changes", "snapshot"]
    """Whether a batch holds what changed in its interval, or the whole register as it stood at the interval's end."""

    @property
    def label_en(self) -> str:
        """English name, for those who read: the identifier, in words."""
        return _in_words(self.feed)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns, in order."""
        keyed = [column for column in self.columns if column.key_position]
        return tuple(column.name for column in sorted(keyed, key=lambda column: column.key_position or 0))

    @property
    def has_withdrawals(self) -> bool:
        """Whether a row may withdraw its record; such a row needs no more than its key."""
        return any(column.name == "record_status" for column in self.columns)

    @property
    def has_versions(self) -> bool:
        """Whether one batch may hold several versions of a record, of which the later one counts."""
        return self.delivery == "changes" and any(column.is_version for column in self.columns)

    @property
    def landed_columns(self) -> dict[str, str]:
        """Name and SQL type of every column of a landing file, in order; no personal data is among them."""
        landed: dict[str, str] = {}
        for column in self.columns:
            if column.privacy == "keep":
                landed[column.published_name] = SQL_TYPES[column.logical_type]
            elif column.privacy == "pseudonymise":
                landed[column.published_name] = "varchar"
                landed |= dict.fromkeys(column.derived, "varchar")
        return landed | LANDING_COLUMNS

    def label_of(self, column_name: str | None, language: Literal["zh", "en"] = "zh") -> str:
        """Name of a column, for those who read; without a column the whole row is meant."""
        if language == "en":
            return self.column(column_name).label_en if column_name else "Whole row"
        return self.column(column_name).label if column_name else "整行"

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


@cache
def load_contract(feed: str, folder: Path = CONTRACTS) -> Contract:
    """Read one feed's contract. Raises FileNotFoundError, or ValueError naming the file and what is wrong in it."""
    path = folder / f"{feed}.yaml"
    document = OpenDataContractStandard.model_validate(read_yaml(path))
    try:
        (schema,) = document.schema_ or []
        return Contract(
            feed=_stated(document.id, "id"),
            label=_stated(schema.businessName, "businessName"),
            domain=_stated(document.domain, "domain"),
            version=_stated(document.version, "version"),
            grain=_stated(schema.dataGranularityDescription, "dataGranularityDescription"),
            steward=_steward(document),
            columns=tuple(_column(item) for item in schema.properties or []),
            date_orders=tuple(_date_order(rule.implementation) for rule in schema.quality or []),
            delivery=_delivery(schema),
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def contract_feeds(folder: Path = CONTRACTS) -> list[str]:
    """Every feed that has a contract, by name."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


@cache
def load_code_list(name: str) -> dict[str, str]:
    """Accepted spellings of a code list's values (code, Chinese name, short Chinese name), each with its code."""
    rows = _partner_names() if name == "partners" else read_seed(f"code_lists/{name}")
    spellings = {row["code"]: row["code"] for row in rows}
    for row in rows:
        for column in ("name_zh", "short_name_zh"):
            if row.get(column):
                spellings.setdefault(row[column], row["code"])
    return spellings


def _partner_names() -> list[dict[str, str]]:
    """The code list of partners is their files; read here without their mapping, which needs code lists itself."""
    stated = map(read_yaml, sorted((PROJECT_ROOT / "partners").glob("*.yaml")))
    return [
        {"code": item["partner"], "name_zh": item["name"], "short_name_zh": item.get("short_name", "")}
        for item in stated
    ]


def _steward(document: OpenDataContractStandard) -> str:
    members = document.team.members if isinstance(document.team, Team) else document.team
    return _stated(next((member.username for member in members or [] if member.role == "steward"), None), "steward")


def _delivery(schema: SchemaObject) -> Literal["changes", "snapshot"]:
    stated = {str(entry.property): entry.value for entry in schema.customProperties or []}
    delivery = stated.pop("delivery", "changes")
    if stated or delivery not in ("changes", "snapshot"):
        raise ValueError("the one custom property of a schema is delivery, changes or snapshot")
    return delivery  # type: ignore[no-any-return]


def _column(item: SchemaProperty) -> Column:
    name = _stated(item.name, "name of a property")
    custom = {entry.property: entry.value for entry in item.customProperties or []}
    unknown = custom.keys() - CUSTOM_PROPERTIES
    if unknown:
        raise ValueError(f"column {name}: unknown custom property {', '.join(map(str, sorted(unknown, key=str)))}")
    if item.logicalType not in SQL_TYPES:
        raise ValueError(f"column {name}: logicalType must be one of {', '.join(SQL_TYPES)}")
    privacy: Any = custom.get("privacy", "keep")
    if (item.classification == "restricted") != (privacy != "keep"):
        raise ValueError(f"column {name}: restricted columns, and no others, state what privacy does with them")
    options = item.logicalTypeOptions or {}
    references = [str(relation.to).split(".") for relation in item.relationships or []]
    return Column(
        name=name,
        label=_stated(item.businessName, f"businessName of {name}"),
        description=_stated(item.description, f"description of {name}"),
        logical_type=item.logicalType,  # type: ignore[arg-type]
        required=bool(item.required),
        key_position=item.primaryKeyPosition if item.primaryKey else None,
        pattern=options.get("pattern"),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        code_list=custom.get("codeList"),
        check_digit=custom.get("checkDigit"),
        not_after_interval=bool(custom.get("notAfterInterval")),
        privacy=privacy,
        published_name=item.encryptedName or name,
        derived=tuple(custom.get("derive") or ()),
        references=(references[0][0], references[0][1]) if references else None,
    )


def _date_order(implementation: Any) -> DateOrder:
    rule = dict(implementation or {})
    if rule.pop("rule", None) != "field_order" or rule.keys() != {"earlier", "later"}:
        raise ValueError("a quality rule of the schema must be {rule: field_order, earlier: …, later: …}")
    return DateOrder(**rule)


def _in_words(identifier: str) -> str:
    return identifier.replace("_", " ").capitalize()


def _stated(value: str | None, what: str) -> str:
    if not value:
        raise ValueError(f"{what} is missing")
    return value
