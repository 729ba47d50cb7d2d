"""What can keep a briefing from being made or believed."""

from dataclasses import dataclass


class BriefingError(Exception):
    """A briefing cannot be made as asked; the message says why and what to do."""


class NoPublishedBuild(BriefingError):
    """There is no warehouse build to read."""


class WeekNotCovered(BriefingError):
    """The data of the build do not cover the week that was asked for."""


class UnknownEdition(BriefingError):
    """config/briefing.yaml names no such edition."""


class RenderFault(BriefingError):
    """The typesetter could not use a glyph, a font, an image or a rule; nothing was written."""


@dataclass
class FigureMismatch(BriefingError):
    """The PDF does not say what the marts say. `page` counts from 1; it is None where no page is at fault."""

    figure: str
    page: int | None
    printed: str
    expected: str
    reason: str

    def __str__(self) -> str:
        where = f"page {self.page}" if self.page else "no page"
        return (
            f"{self.figure} on {where}: printed '{self.printed}', expected '{self.expected}' ({self.reason}). "
            "The briefing must not be sent; render it again from the published build, "
            "and mend the template if this stays."
        )


@dataclass
class FormFault(BriefingError):
    """A page of the PDF is badly set. `page` counts from 1, `text` is what stands at the place."""

    page: int
    text: str
    reason: str

    def __str__(self) -> str:
        return (
            f"page {self.page} at '{self.text}': {self.reason}. "
            "The briefing must not be sent; mend the template or its style sheet and render it again."
        )
