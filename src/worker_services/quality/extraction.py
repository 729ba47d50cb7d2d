"""Finds, for bin/translate, the texts that stand outside of Python and templates (locales/quality.cfg)."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

import yaml

SAID = ("what", "why", "threshold", "signature", "demo_notice")
ROW_RULES = "rows"
"""The part of expectations/built_in.yaml that says of each rule why it is asked, and nothing else."""
META = re.compile(r"'(?:what|why)': '([^']+)'")

Message = tuple[int, str, str, list[str]]
"""Line, function, text and comments, as Babel wants them."""


def from_yaml(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Message]:
    """What stewards write of checks, in a suite or expectations/built_in.yaml, and how config/notices.yaml signs."""
    for text in _said(yaml.safe_load(file)):
        yield 0, "gettext", text, []


def from_dbt_test(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Message]:
    """What a singular test of the dbt project says in its `meta`."""
    for text in META.findall(file.read().decode()):
        yield 0, "gettext", text, []


def _said(stated: Any) -> Iterator[str]:
    if isinstance(stated, Mapping):
        for key, value in stated.items():
            if key == ROW_RULES:
                yield from value.values()
            elif key in SAID:
                yield value
            else:
                yield from _said(value)
    elif isinstance(stated, list):
        for each in stated:
            yield from _said(each)
