"""What checks say of themselves, in the language of a page: texts of stewards, and texts that are put together.

Results of checks are kept in Chinese as they were found. A text that was put together is known again by the catalogue's
text with places that it was made from; what stood in the places is looked up in its turn.
"""

import re
from dataclasses import dataclass
from functools import cache
from string import Formatter

from worker_services.briefing.language import AsRecorded, Language
from worker_services.contracts import contract_feeds, load_contract
from worker_services.quality.site.names import CHINESE
from worker_services.seeds import read_seed

SEPARATORS = ("，", "、")
NUMBER = "number"
"""A place of this name holds digits, any other whatever stands there."""


@dataclass(frozen=True)
class Template:
    """A text with places, and what it matches."""

    text: str
    pattern: re.Pattern[str]


def check_text(language: Language, text: str, feed: str = "") -> str:
    """A text of a check in the language; as it stands, marked as Chinese, where not all of it has English.

    `feed` tells apart columns of the same name.
    """
    if language.code == "zh":
        return text
    found = _looked_up(language, str(text), feed)
    return AsRecorded(text) if found is None else found


@cache
def _looked_up(language: Language, text: str, feed: str) -> str | None:
    if not CHINESE.search(text):
        return text
    whole = language.gettext(text)
    if whole != text:
        return whole
    return _names(feed).get(text) or _put_together(language, text, feed) or _listed(language, text, feed)


def _put_together(language: Language, text: str, feed: str) -> str | None:
    for template in _templates(language):
        if match := template.pattern.fullmatch(text):
            places = {name: _looked_up(language, value, feed) for name, value in match.groupdict().items()}
            if None not in places.values():
                return language.gettext(template.text).format(**places)
    return None


def _listed(language: Language, text: str, feed: str) -> str | None:
    for mark in SEPARATORS:
        if mark in text:
            items = [_looked_up(language, item, feed) for item in text.split(mark)]
            return None if None in items else language.gettext("、").join(map(str, items))
    return None


@cache
def _templates(language: Language) -> list[Template]:
    """The catalogue's texts with places, those that say most first."""
    texts = [text for text in language.keys if "{" in text and CHINESE.search(text)]
    return [Template(text, _pattern(text)) for text in sorted(texts, key=_says, reverse=True)]


def _pattern(text: str) -> re.Pattern[str]:
    pattern, seen = "", set[str]()
    for literal, name, _, _ in Formatter().parse(text):
        pattern += re.escape(literal)
        if name in seen:
            pattern += f"(?P={name})"
        elif name:
            held = r"[\d,.]+" if name == NUMBER else ".+?"
            pattern += f"(?P<{name}>{held})"
            seen.add(name)
    return re.compile(pattern, re.DOTALL)


def _says(text: str) -> int:
    return sum(len(literal) for literal, *_ in Formatter().parse(text))


@cache
def _names(feed: str) -> dict[str, str]:
    """English names of columns, those of the feed before others, of rules of quarantine and of dimensions."""
    names = {row["rule_zh"]: row["rule_en"] for row in read_seed("rules/rules")}
    characteristics = read_seed("quality/quality_characteristics")
    names |= {row["characteristic_zh"]: row["characteristic_en"] for row in characteristics}
    for each in [*contract_feeds(), *([feed] if feed in contract_feeds() else [])]:
        contract = load_contract(each)
        names[contract.label_of(None)] = contract.label_of(None, "en")
        names |= {column.label: column.label_en for column in contract.columns}
    return names
