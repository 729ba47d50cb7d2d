"""The language of an edition: its texts, the names that rows have in it, and how it writes days and lists.

Texts stand in the sources in Chinese, and are the keys of the gettext catalogues in locales/; an edition in Chinese
prints them as they are.
"""

import gettext
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from jinja2 import Environment

from worker_services.settings import PROJECT_ROOT

Code = Literal["zh", "en"]
TAGS: dict[Code, str] = {"zh": "zh-CN", "en": "en"}
LOCALES = PROJECT_ROOT / "locales"
_NUMERALS = "零一二三四五六七八九十"


class AsRecorded(str):
    """Words that stay in the language they were recorded in, whatever the edition's."""


def N_(text: str) -> str:
    """Marks a text for the catalogues where it is stated; it is looked up where it is printed."""
    return text


@dataclass(frozen=True)
class Language:
    """`tag` is its BCP 47 tag, `texts` its catalogue, `keys` what that has; `gap` stands between words, sentences, a
    number and its unit.
    """

    code: Code
    tag: str
    texts: gettext.NullTranslations
    gap: str
    keys: tuple[str, ...] = ()

    def gettext(self, text: str) -> str:
        return self.texts.gettext(text)

    def units(self, what: str, text: str) -> tuple[str, str]:
        """The unit of one and of several; `what` tells apart the things that Chinese counts by the same unit."""
        return self.texts.npgettext(what, text, text, 1), self.texts.npgettext(what, text, text, 2)

    def of(self, row: Any, column: str) -> str:
        """What a row says in the language, of `name` its name_zh or name_en; where it says it in Chinese only, that."""
        return row[f"{column}_{self.code}"] or AsRecorded(row[f"{column}_zh"] or "")

    def unit(self, metric: dict[str, Any]) -> tuple[str, str]:
        """What a metric counts, one of them and several."""
        several = self.of(metric, "unit")
        return metric.get(f"unit_one_{self.code}") or several, several

    def within(self, text: str) -> str:
        """A heading or status as it stands within a sentence."""
        return text if self.code == "zh" else text[:1].lower() + text[1:]

    def numeral(self, n: int) -> str:
        """1 to 19, for headings."""
        if self.code != "zh":
            return str(n)
        return _NUMERALS[n] if n <= 10 else f"十{_NUMERALS[n - 10]}"

    def print_date(self, day: date) -> str:
        return self.gettext("{year}年{month}月{day}日").format(year=day.year, month=self._month(day), day=day.day)

    def print_day(self, day: date) -> str:
        """A day of a year that goes without saying."""
        return self.gettext("{month}月{day}日").format(month=self._month(day), day=day.day)

    def listed(self, items: Sequence[Any], has_more: bool = False) -> list[Any]:
        """Items, each text or a piece of a sentence, as a list within a sentence; `has_more` says there are others."""
        comma = self.gettext("、")
        if has_more:
            return [*_between(items, comma), self.gettext("等")]
        first, last = _between(items[:-1], comma), items[-1:]
        return _between([first, *last] if first else last, self.texts.pgettext("the last two of a list", "、"))

    def clauses(self, items: Sequence[Any]) -> list[Any]:
        """Items as clauses of a sentence."""
        return _between(items, self.gettext("，"))

    def groups(self, items: Sequence[Any]) -> list[Any]:
        """Items, which may hold clauses, as parts of a sentence."""
        return _between(items, self.gettext("；"))

    def sentences(self, items: Sequence[Any]) -> list[Any]:
        """Whole sentences, one after the other."""
        return _between(items, self.gap)

    def speak_in(self, environment: Environment) -> None:
        """Give templates the texts, as _() and pgettext(), and the gap."""
        environment.add_extension("jinja2.ext.i18n")
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            self.texts.gettext, self.texts.ngettext, pgettext=self.texts.pgettext, npgettext=self.texts.npgettext
        )
        environment.globals["gap"] = self.gap

    def _month(self, day: date) -> str:
        if self.code == "zh":
            return str(day.month)
        from babel.dates import get_month_names

        return str(get_month_names("wide", locale=self.code)[day.month])


@lru_cache
def load_language(code: Code, domain: str = "briefing") -> Language:
    """Reads the catalogue of a domain, `briefing` or `quality`; of Chinese there is none to read."""
    if code == "zh":
        return Language(code, TAGS[code], gettext.NullTranslations(), "")
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (LOCALES / code / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    write_mo(compiled, catalogue)
    compiled.seek(0)
    keys = tuple(message.id for message in catalogue if message.id and isinstance(message.id, str))
    return Language(code, TAGS[code], gettext.GNUTranslations(compiled), " ", keys)


def _between(items: Sequence[Any], mark: str) -> list[Any]:
    """The items with the mark between them, as the pieces of one sentence."""
    pieces: list[Any] = []
    for n, item in enumerate(items):
        pieces += [mark] if n and mark else []
        pieces += item if isinstance(item, list) else [item]
    return pieces
