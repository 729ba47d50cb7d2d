"""Partners, each one a YAML file in partners/: how to reach it and how its feeds map onto their contracts."""

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from worker_services.contracts import contract_feeds, load_code_list, load_contract
from worker_services.intervals import Interval
from worker_services.partners.fhir_path import check_element, check_path
from worker_services.settings import PROJECT_ROOT
from worker_services.yaml_files import read_yaml

PARTNERS = PROJECT_ROOT / "partners"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FileSource(_Strict):
    """A file on an SFTP server or in a folder, as the type of the connection says.

    `path` is a format string over `first` and `last`, the interval's days. `member` picks the files of an archive.
    """

    kind: Literal["file"]
    path: str
    format: Literal["csv", "xlsx", "xls", "json", "ndjson"]
    encoding: Literal["auto", "utf-8", "utf-16", "gb18030"] = "auto"
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="Empty: found out from the header row."
    )
    records: str = Field(default="", description="JSON documents: dotted path of the list; empty: the document.")
    sheets: tuple[str, ...] = Field(default=(), description="Workbooks: empty for every visible sheet with a header.")
    archive: Literal["zip"] | None = None
    member: str = Field(default="*", description="Archives: glob of the members that make up the delivery.")
    has_total_row: bool = False
    has_checksum_file: bool = Field(default=False, description="A file `<path>.sha256` lies beside it.")

    def path_for(self, interval: Interval) -> str:
        return self.path.format(first=interval.start, last=interval.last_day)

    @field_validator("path")
    @classmethod
    def _formats(cls, path: str) -> str:
        try:
            named = path.format(first=date(2025, 1, 1), last=date(2025, 1, 2))
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f"is no format string over first and last: {error}") from error
        if named == path:
            raise ValueError("must name the interval, for example report_{first:%Y%m%d}_{last:%Y%m%d}.csv")
        return path


class BearerToken(_Strict):
    """The connection's password, sent as a bearer token (RFC 6750)."""

    kind: Literal["bearer"]


class BasicLogin(_Strict):
    """The connection's login and password (RFC 7617)."""

    kind: Literal["basic"]


class ApiKey(_Strict):
    """The connection's password, sent in a header of the partner's choice."""

    kind: Literal["api_key"]
    header: str


class ClientCredentials(_Strict):
    """OAuth 2.0 client credentials (RFC 6749, 4.4): the connection's login and password fetch a token."""

    kind: Literal["oauth2_client_credentials"]
    token_path: str
    scope: str | None = None


Authentication = Annotated[BearerToken | BasicLogin | ApiKey | ClientCredentials, Field(discriminator="kind")]


class PagePaging(_Strict):
    """Numbered pages from 1; the answer says how many there are."""

    kind: Literal["page"]
    page: str
    size: str
    page_size: int = Field(gt=0, le=10_000)
    pages: str
    total: str | None = None


class OffsetPaging(_Strict):
    """An offset and a limit; the answer says how many records there are."""

    kind: Literal["offset"]
    offset: str
    limit: str
    page_size: int = Field(gt=0, le=10_000)
    total: str


class CursorPaging(_Strict):
    """Each answer names the cursor of the next, and none at the end."""

    kind: Literal["cursor"]
    cursor: str
    next: str
    size: str | None = None
    page_size: int = Field(default=1000, gt=0, le=10_000)


class LinkPaging(_Strict):
    """Each answer links to the next one (RFC 8288, rel="next")."""

    kind: Literal["link"]


class NoPaging(_Strict):
    """One answer holds everything."""

    kind: Literal["none"]


Paging = Annotated[PagePaging | OffsetPaging | CursorPaging | LinkPaging | NoPaging, Field(discriminator="kind")]


class ApiSource(_Strict):
    """A JSON API. `parameters` are format strings over `start`, `end` (without), `first` and `last`, all ISO dates."""

    kind: Literal["http_json"]
    path: str
    records: str = Field(description="Dotted path of the list of records; empty: the answer is the list.")
    parameters: dict[str, str] = Field(default_factory=dict)
    authentication: Authentication
    paging: Paging
    overlap_minutes: int = Field(
        default=0, ge=0, le=1440, description="Clock skew: how much earlier than the interval to ask from."
    )

    @field_validator("parameters")
    @classmethod
    def _formats(cls, parameters: dict[str, str]) -> dict[str, str]:
        day = date(2025, 1, 1)
        for name, text in parameters.items():
            try:
                text.format(start=day, end=day, first=day, last=day)
            except (KeyError, ValueError, IndexError) as error:
                raise ValueError(f"{name} is no format string over start, end, first and last: {error}") from error
        return parameters


class FhirLink(_Strict):
    """How a resource hangs together with the anchor: by the anchor's reference, or by its own to the anchor."""

    from_: str | None = Field(default=None, alias="from")
    to: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "FhirLink":
        if (self.from_ is None) == (self.to is None):
            raise ValueError("needs either 'from' (a field of the anchor) or 'to' (a field that points at the anchor)")
        return self


class FhirSource(_Strict):
    """A bulk export of FHIR R4 resources of a group (SMART Bulk Data), authorised by SMART backend services.

    One row is one `anchor` resource with the resources linked to it. A resource may be linked to after the anchor was
    last changed, so exports look back further than the interval; a row belongs to the day any part of it changed.
    """

    kind: Literal["fhir_bulk"]
    group: str
    anchor: str
    links: dict[str, FhirLink] = Field(default_factory=dict)
    look_back_days: int = Field(default=31, ge=0, le=366)

    @property
    def types(self) -> tuple[str, ...]:
        return (self.anchor, *self.links)


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


Source = Annotated[FileSource | ApiSource | FhirSource | DatabaseSource, Field(discriminator="kind")]


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_names, json_schema_input_type=str | list[str])]
"""What a partner calls a column; more than one where it has had several names, the first that is there counts."""


class Feed(_Strict):
    """How one partner supplies one feed: where it is read and which header or field holds which contract column."""

    source: Source
    columns: dict[str, Names]
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    formats: dict[str, str] = Field(
        default_factory=dict, description="Dates in a form that nobody could guess: strptime format by column."
    )


class Partner(_Strict):
    """One partner (合作单位)."""

    partner: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(description="The official Chinese name, as leaders read it.")
    short_name: str = Field(default="", description="For narrow tables; empty: the name.")
    name_en: str
    type: Literal["hospital", "service", "system"]
    order: int = Field(default=999, description="Place in tables and lists.")
    domain: Literal["health", "employment", "rights", "hardship", "leadership"]
    contact: str
    notify: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(
        min_length=1, description="Who is told of a delivery that could not be used whole."
    )
    connection: str
    feeds: dict[str, Feed]

    @model_validator(mode="after")
    def _fits_contracts(self) -> "Partner":
        mistakes = [says for name, feed in self.feeds.items() for _, says in mapping_mistakes(name, feed)]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self


@cache
def load_partners(folder: Path = PARTNERS) -> dict[str, Partner]:
    """Read every partner file. Raises ValueError that names the file and each mistake in it."""
    partners: dict[str, Partner] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            partner = Partner.model_validate(read_yaml(path))
        except ValidationError as error:
            mistakes = (f"{'.'.join(map(str, item['loc'])) or path.stem}: {item['msg']}" for item in error.errors())
            raise ValueError(f"{path}:\n  " + "\n  ".join(mistakes)) from error
        if partner.partner != path.stem:
            raise ValueError(f"{path}: partner is '{partner.partner}', but the file is named '{path.stem}'")
        partners[partner.partner] = partner
    return partners


def mapping_mistakes(name: str, feed: Feed) -> list[tuple[tuple[str, ...], str]]:
    """Where and how a feed's mapping does not fit its contract; nothing where all does."""
    if name not in contract_feeds():
        return [((), f"feed {name}: there is no such contract; there are: {', '.join(contract_feeds())}")]
    contract = load_contract(name)
    known = {column.name: column for column in contract.columns}
    mistakes: list[tuple[tuple[str, ...], str]] = [
        ((section, column), f"'{column}' is not a column of its contract")
        for section in ("columns", "codes", "constants", "formats")
        for column in getattr(feed, section).keys() - known.keys()
    ]
    mistakes += [
        (("columns",), f"required column '{column.name}' has neither a mapping nor a constant")
        for column in contract.columns
        if column.required and column.name not in feed.columns.keys() | feed.constants.keys()
    ]
    if isinstance(feed.source, FhirSource):
        mistakes += list(_path_mistakes(feed, feed.source))
    mistakes += [
        (("formats", column), f"'{column}' is no date, so it has no format")
        for column in feed.formats.keys() & known.keys()
        if known[column].logical_type not in ("date", "timestamp")
    ]
    for column in feed.codes.keys() & known.keys():
        code_list = known[column].code_list
        codes = set(load_code_list(code_list).values()) if code_list else set()
        wrong = sorted(set(feed.codes[column].values()) - codes)
        if not code_list:
            mistakes.append((("codes", column), f"'{column}' has no code list, so codes cannot map onto it"))
        elif wrong:
            mistakes.append((("codes", column), f"{', '.join(wrong)} not in code list {code_list}"))
    return [(place, f"feed {name}: {says}") for place, says in sorted(mistakes)]


def _path_mistakes(feed: Feed, source: FhirSource) -> Iterator[tuple[tuple[str, ...], str]]:
    """What a FHIR feed calls a column is a path into the resources it asks for."""
    for column, paths in feed.columns.items():
        for path in paths:
            try:
                check_path(path, source.types)
            except ValueError as error:
                yield ("columns", column), str(error)
    for resource, link in source.links.items():
        try:
            check_element(link.from_ or link.to or "")
        except ValueError as error:
            yield ("source", "links", resource), str(error)


def schema_text() -> str:
    """The JSON schema of a partner file, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Partner.model_json_schema()
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write_schema(path: Path = PARTNERS / "partner.schema.json") -> Path:
    path.write_text(schema_text(), encoding="utf-8")
    return path
