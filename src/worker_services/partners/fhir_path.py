"""Paths into FHIR resources, as partner files use them: a small part of FHIRPath.

    Encounter.id                                  an element of the anchor, or of a linked resource
    Encounter.type[0].coding[0].code              the first of several; a path that finds several gives the first anyway
    Patient.identifier[system=urn:oid:1.2].value  those whose element has a value; `a.b=value` looks deeper
    Observation[code=satisfaction].valueInteger   the linked resources that are coded so
    meta.lastUpdated                              when the row last changed: the latest of all the resources in it

A coded element has a value when its code, or one of its codings, is that value. Of several linked resources the one
that changed last comes first.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

ROW_LAST_UPDATED = "meta.lastUpdated"
REFERENCE = r"(?:^|/)([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?$"
"""Type and id in a literal reference, relative or absolute, to a version or not (FHIR R4, 2.3.0.1)."""

_NAME = r"_?[a-z][A-Za-z0-9]*"
_FILTER = rf"\[(?:{_NAME})(?:\.{_NAME})*=[^\[\]]+\]"
_STEP = re.compile(rf"\.({_NAME})(\[\d{{1,4}}\]|{_FILTER})?")
_START = re.compile(rf"([A-Z][A-Za-z]*)({_FILTER})?")


@dataclass(frozen=True)
class Filter:
    """Keeps what has `value` at the end of `names`."""

    names: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Step:
    """Into an element; then, where they are given, to one of what was found, or to those that a filter keeps."""

    name: str
    index: int | None = None
    kept: Filter | None = None


@dataclass(frozen=True)
class Path:
    """From the resources of one type, filtered or not, step by step to the values."""

    resource: str
    kept: Filter | None
    steps: tuple[Step, ...]


def parse(text: str) -> Path:
    """Read a path. Raises ValueError that says where it goes wrong."""
    start = _START.match(text)
    if not start:
        raise ValueError(f"'{text}' is no FHIR path: it must begin with a resource type, for example Encounter.id")
    steps, at = [], start.end()
    while at < len(text):
        step = _STEP.match(text, at)
        if not step:
            raise ValueError(f"'{text}' is no FHIR path: '{text[at:]}' is neither .element, [0] nor [element=value]")
        bracket = step[2] or ""
        is_index = bracket[1:-1].isdigit()
        steps.append(
            Step(step[1], int(bracket[1:-1]) if is_index else None, None if is_index else _filter(bracket or None))
        )
        at = step.end()
    if not steps:
        raise ValueError(f"'{text}' is no FHIR path: no element follows the resource type")
    return Path(start[1], _filter(start[2]), tuple(steps))


def check_path(text: str, types: Collection[str] | None = None) -> None:
    """Raise ValueError unless the text is a path, and one into a resource of `types` where these are given."""
    if text == ROW_LAST_UPDATED:
        return
    path = parse(text)
    if types is not None and path.resource not in types:
        raise ValueError(f"'{text}': the feed asks for {', '.join(types)}, not for {path.resource}")


def check_element(text: str) -> None:
    """Raise ValueError unless the text is the dotted name of an element, as links have it."""
    if not re.fullmatch(rf"{_NAME}(\.{_NAME})*", text):
        raise ValueError(f"'{text}' is no element: write it like subject or participant.actor")


def _filter(bracket: str | None) -> Filter | None:
    if not bracket:
        return None
    names, _, value = bracket[1:-1].partition("=")
    return Filter(tuple(names.split(".")), value)
