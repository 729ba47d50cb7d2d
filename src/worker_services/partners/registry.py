"""Partners, each one a YAML file in partners/: how to reach it and how its feeds map onto their contracts."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from worker_services.contracts import Contract, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.settings import PROJECT_ROOT

PARTNERS = PROJECT_ROOT / "partners"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSource(_Strict):
    """A delimited file on an SFTP server. `path` is a format string over `first` and `last`, the interval's days."""

    kind: Literal["sftp"]
    path: str
    encoding: Literal["gb18030", "utf-8"]
    delimiter: str = ","
    has_total_row: bool = False
    has_checksum_file: bool = False

    def path_for(self, interval: Interval) -> str:
        return self.path.format(first=interval.start, last=interval.last_day)

    @field_validator("path")
    @classmethod
    def _formats(cls, path: str) -> str:
        day = date(2025, 1, 1)
        if path.format(first=day, last=day) == path:
            raise ValueError("must name the interval, for example report_{first:%Y%m%d}_{last:%Y%m%d}.csv")
        return path


class ApiSource(_Strict):
    """A paged JSON API. Records changed in the interval are asked for by two query parameters."""

    kind: Literal["http_json"]
    path: str
    records: str
    since_parameter: str
    until_parameter: str
    page_parameter: str
    page_size_parameter: str
    page_size: int = Field(gt=0, le=10_000)
    pages: str
    total: str


class DatabaseSource(_Strict):
    """A query with the bound parameters :start and :end (timestamps, Asia/Shanghai; end is without)."""

    kind: Literal["sql"]
    query: str

    @field_validator("query")
    @classmethod
    def _bound(cls, query: str) -> str:
        if ":start" not in query or ":end" not in query or "order by" not in query.lower():
            raise ValueError("must use :start and :end and have an order by, so that a night can be run again")
        return query


Source = Annotated[FileSource | ApiSource | DatabaseSource, Field(discriminator="kind")]


class Feed(_Strict):
    """How one partner supplies one feed: where it is read and which header or field holds which contract column."""

    source: Source
    columns: dict[str, str]
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)


class Partner(_Strict):
    """One partner (合作单位)."""

    partner: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    domain: Literal["health", "employment", "rights"]
    contact: str
    connection: str
    feeds: dict[str, Feed]

    @model_validator(mode="after")
    def _fits_contracts(self) -> "Partner":
        for name, feed in self.feeds.items():
            contract = load_contract(name)
            _check_mapping(name, feed, contract)
        return self


@cache
def load_partners(folder: Path = PARTNERS) -> dict[str, Partner]:
    """Read every partner file. Raises ValueError that names the file and each mistake in it."""
    partners: dict[str, Partner] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            partner = Partner.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            mistakes = (f"{'.'.join(map(str, item['loc'])) or path.stem}: {item['msg']}" for item in error.errors())
            raise ValueError(f"{path}:\n  " + "\n  ".join(mistakes)) from error
        if partner.partner != path.stem:
            raise ValueError(f"{path}: partner is '{partner.partner}', but the file is named '{path.stem}'")
        partners[partner.partner] = partner
    return partners


def _check_mapping(name: str, feed: Feed, contract: Contract) -> None:
    known = {column.name: column for column in contract.columns}
    for unknown in (feed.columns.keys() | feed.constants.keys() | feed.codes.keys()) - known.keys():
        raise ValueError(f"feed {name}: '{unknown}' is not a column of its contract")
    for column in contract.columns:
        if column.required and column.name not in feed.columns.keys() | feed.constants.keys():
            raise ValueError(f"feed {name}: required column '{column.name}' has neither a mapping nor a constant")
    for column_name, aliases in feed.codes.items():
        if not known[column_name].code_list:
            raise ValueError(f"feed {name}: '{column_name}' has no code list, so codes cannot map onto it")
        wrong = set(aliases.values()) - set(load_code_list(known[column_name].code_list or "").values())
        if wrong:
            raise ValueError(f"feed {name}: {', '.join(sorted(wrong))} not in code list {known[column_name].code_list}")
