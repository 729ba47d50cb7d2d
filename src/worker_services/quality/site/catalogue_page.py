"""The page of all checks."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from worker_services.briefing.language import AsRecorded, Language
from worker_services.contracts import contract_feeds
from worker_services.quality.catalogue import STAGES, Entry, Group, grouped
from worker_services.quality.checks import OWNERS
from worker_services.quality.site.layout import Site, write_page
from worker_services.quality.site.names import MARTS, subject_name
from worker_services.quality.site.texts import check_text

PATH = "catalogue.html"


def write(site: Site, entries: Sequence[Entry]) -> list[Path]:
    """Write the catalogue in both editions."""

    def shown(language: Language) -> dict[str, Any]:
        return {
            "entries": entries,
            "groups": grouped(entries),
            "stages": STAGES,
            "counts": Counter(entry.stage for entry in entries),
            "owners": OWNERS,
            "names": lambda group: _name(language, group),
            "untranslated": sum(_is_in_chinese(language, entry) for entry in entries),
        }

    return write_page(site, PATH, "catalogue.html.j2", shown, section=PATH)


def _is_in_chinese(language: Language, entry: Entry) -> bool:
    """Whether something of the check has no words in the language."""
    texts = (entry.what, entry.why, entry.threshold)
    return any(isinstance(check_text(language, text, entry.subject), AsRecorded) for text in texts)


def _name(language: Language, group: Group) -> str:
    """A feed or a mart in the language; other subjects have one name."""
    if group.subject in contract_feeds() or (language.code != "zh" and group.subject in MARTS):
        return subject_name(language, group.subject)
    return check_text(language, group.name)
