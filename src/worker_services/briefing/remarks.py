"""What a person adds to an issue: Markdown beside the configuration, printed as that person's words and marked so.

The file is <remarks>/<week>.md for the city's edition, <remarks>/<week>.<edition>.md for another. Its headings, in the
edition's language, say where each part goes; under them stand paragraphs, lists, emphasis, and nothing else: no HTML,
no links, no images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from worker_services.briefing.errors import BriefingError
from worker_services.briefing.language import N_, Language
from worker_services.intervals import Week

HEADINGS = {N_("按语"): "preface", N_("领导批示"): "instructions"}
_INLINE = {"strong": "b", "em": "em"}


@dataclass(frozen=True)
class Block:
    """A paragraph or an item of a list; each piece of text is plain, or one of b and em."""

    mark: str
    pieces: list[tuple[str | None, str]]

    def html(self, say: Callable[[str], Markup]) -> Markup:
        """The block with every text printed by `say`, which declares its numbers."""
        parts = [Markup("<{0}>{1}</{0}>").format(tag, say(text)) if tag else say(text) for tag, text in self.pieces]
        return (say(self.mark) if self.mark else Markup("")) + Markup("").join(parts)


@dataclass(frozen=True)
class Remarks:
    preface: list[Block]
    instructions: list[Block]


NONE = Remarks([], [])


def remarks_path(folder: Path, week: Week, edition: str) -> Path:
    """Where the words for an edition of an issue lie, whether or not there are any."""
    return folder / (f"{week}.md" if edition == "city" else f"{week}.{edition}.md")


def read_remarks(folder: Path, week: Week, edition: str, language: Language) -> Remarks:
    """What was written for an edition of an issue. Raises BriefingError, which names the file and the line."""
    path = remarks_path(folder, week, edition)
    if not path.exists():
        return NONE
    try:
        tokens = MarkdownIt("zero").enable(["emphasis", "heading", "list", "newline"]).parse(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise BriefingError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8"
        ) from error
    parts: dict[str, list[Block]] = {name: [] for name in HEADINGS.values()}
    headings = {language.gettext(heading): name for heading, name in HEADINGS.items()}
    known = language.gettext("、").join(headings)
    part, marks = None, list[str]()
    for at, token in enumerate(tokens):
        line = f"{path}, line {token.map[0] + 1 if token.map else '?'}"
        if token.type == "heading_open":
            heading = tokens[at + 1].content.strip()
            if heading not in headings:
                raise BriefingError(f"{line}: the heading '{heading}' is not one of {known}")
            part = headings[heading]
        elif token.type == "list_item_open":
            marks.append(f"{token.info}. " if token.info else "· ")
        elif token.type == "inline" and tokens[at - 1].type == "paragraph_open":
            if part is None:
                raise BriefingError(f"{line}: text stands before a heading; put one of {known} above it")
            parts[part].append(Block(marks.pop() if marks else "", _pieces(token)))
    return Remarks(**parts)


def _pieces(inline: Token) -> list[tuple[str | None, str]]:
    pieces: list[tuple[str | None, str]] = []
    tags: list[str] = []
    for token in inline.children or []:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind in _INLINE and token.nesting == 1:
            tags.append(_INLINE[kind])
        elif kind in _INLINE:
            tags.pop()
        elif token.content:
            pieces.append((tags[-1] if tags else None, token.content))
    return pieces
