"""config/briefing.yaml, typed. What an issue prints of it stands there in every language; it is read in one."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from worker_services.briefing.errors import BriefingError, UnknownEdition
from worker_services.briefing.language import TAGS, Code
from worker_services.intervals import Week
from worker_services.settings import Settings
from worker_services.yaml_files import read_yaml


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _in_one_language(stated: Any, info: ValidationInfo) -> Any:
    if not isinstance(stated, dict) or stated.keys() != TAGS.keys() or not all(stated.values()):
        raise ValueError(f"write the text in each language: {{{', '.join(f'{code}: …' for code in TAGS)}}}")
    return stated[info.context]


Text = Annotated[str, BeforeValidator(_in_one_language)]
Lines = Annotated[list[str], BeforeValidator(_in_one_language)]


class Edition(Part):
    """Whom an issue is made for: the city, a union below it or a partner, by its code in the marts."""

    name_zh: str
    name_en: str
    kind: Literal["city", "union", "partner"]
    scope_code: str | None = None
    language: Code
    recipients: list[str]

    @model_validator(mode="after")
    def _scope(self) -> "Edition":
        if (self.kind == "city") != (self.scope_code is None):
            raise ValueError(f"'{self.name_zh}': scope_code names the unit of a union or partner; the city has none")
        return self

    @property
    def name(self) -> str:
        """In the edition's language."""
        return self.name_zh if self.language == "zh" else self.name_en


class ImprintLine(Part):
    label: Text
    to: Text


class Demo(Part):
    watermark: Text
    notice: Text


class ChartChoice(Part):
    """What one chart shows; `beside` are metrics drawn as lines of their own right of it."""

    title: Text
    kind: Literal["weekly_lines", "pace", "paired_bars", "funnel"]
    metrics: list[str] = Field(min_length=1)
    beside: list[str] = []


class MailConfig(Part):
    sender_name: Text
    sender: str
    sent_at_minute: int = Field(ge=0, lt=1440)


class BriefingConfig(Part):
    """`root` is the project's folder, in which the rules and the remarks lie."""

    root: Path
    office: Text
    programme: Text
    publication: Text
    titles: dict[Literal["city", "union", "partner"], Lines]
    first_issue_week: Week
    editions: dict[str, Edition]
    imprint: list[ImprintLine]
    contact: Text
    demo: Demo
    leagues: dict[str, str]
    organisation_table: list[str]
    charts: list[ChartChoice]
    remarks: str
    mail: MailConfig

    @field_validator("first_issue_week", mode="before")
    @classmethod
    def _week(cls, value: object) -> Week:
        return Week.parse(str(value))

    def edition(self, name: str) -> Edition:
        if name not in self.editions:
            raise UnknownEdition(
                f"there is no edition '{name}'; config/briefing.yaml has: {', '.join(sorted(self.editions))}"
            )
        return self.editions[name]

    def in_language(self, language: Code) -> "BriefingConfig":
        """The same with its texts in a language."""
        return _load(self.root / "config" / "briefing.yaml", language)

    def issue(self, week: Week) -> int:
        """The issue number: weeks since the first one, counted from 1."""
        number = (week.start - self.first_issue_week.start).days // 7 + 1
        if number < 1:
            raise BriefingError(
                f"week {week} lies before the first issue, {self.first_issue_week} "
                "(first_issue_week in config/briefing.yaml)"
            )
        return number


def load_config(settings: Settings) -> BriefingConfig:
    """With its texts in Chinese, which those who work on it read; an issue takes those of its edition's language."""
    return _load(settings.project_root / "config" / "briefing.yaml", "zh")


@lru_cache(maxsize=4)
def _load(path: Path, language: Code) -> BriefingConfig:
    return BriefingConfig.model_validate({**read_yaml(path), "root": path.parents[1]}, context=language)
