"""What the briefing picks out by itself: a steward's rules in config/briefing_rules.yaml, each a condition and words.

A rule looks at the rows of one kind (`about`), takes those that meet every condition of `when`, in `order_by`, at most
`at_most` of them, and says its sentence of each, in the language of the edition. {name} and other words of the row
stand as they are; {completion_rate} and other columns become figures, with their units; {pace_gap:magnitude} leaves the
sign out, {rank:bare} the unit. A row that lacks a figure of the sentence is passed over. Rules are tried from the top,
and what has been said of something is not said twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from worker_services.briefing.config import Text
from worker_services.briefing.errors import BriefingError
from worker_services.briefing.figures import COLUMN_ZH, Figure, FigureBook, Sentence
from worker_services.briefing.language import AsRecorded, Code, load_language
from worker_services.briefing.marts import Row
from worker_services.yaml_files import read_yaml

About = Literal["metric", "uneven", "fault", "source", "action", "issue", "week"]
Kind = Literal["city", "union", "partner"]

_METRIC_FIGURES = (
    "value",
    "change",
    "cumulative_value",
    "target",
    "completion_rate",
    "expected_share",
    "pace_gap",
    "rank",
    "previous_rank",
    "ranked_units",
    "forecast",
    "forecast_low",
    "forecast_high",
)
_METRIC_WORDS = ("name", "owner", "project", "domain")
# What a sentence about each kind of row can print: figures, and words.
FIGURES: dict[str, tuple[str, ...]] = {
    "metric": _METRIC_FIGURES,
    "uneven": ("units_shown", "coefficient_of_variation", "coefficient_of_variation_change"),
    "fault": ("value", "change", "cumulative_value"),
    "source": ("complete_through",),
    "action": ("due_on", "days_overdue"),
    "issue": ("metrics", "done", "on_pace", "behind", "far_behind", "decided", "closed", "open", "overdue"),
    "week": ("workdays", "previous_workdays"),
}
WORDS: dict[str, tuple[str, ...]] = {
    "metric": _METRIC_WORDS,
    "uneven": (*_METRIC_WORDS, "last"),
    "fault": (*_METRIC_WORDS, "last"),
    "source": ("partner", "feed", "metrics"),
    "action": ("title", "department", "unit"),
    "issue": (),
    "week": ("holidays", "previous_holidays"),
}
# What a condition can look at besides the figures.
FIELDS: dict[str, tuple[str, ...]] = {
    "metric": (
        *("metric_id", "domain_code", "kind", "direction", "fault", "status_code", "change_share", "places_lost"),
        *("rank_from_last", "forecast_share"),
    ),
    "uneven": ("metric_id",),
    "fault": ("metric_id", "fault", "direction", "worsening_share"),
    "source": ("partner_id", "has_data"),
    "action": ("standing_code", "is_of_last_meeting"),
    "issue": ("late_sources", "restated"),
    "week": ("days_off", "previous_days_off", "make_up_workdays", "workdays_change", "metrics_changed"),
}


# The words that a figure has to follow in a sentence, where they are not the head of its column.
_LEAD = {"pace_gap": COLUMN_ZH["expected_share"]}
STYLES = ("", "magnitude", "bare")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bounds(_Part):
    above: Decimal | None = None
    at_least: Decimal | None = None
    below: Decimal | None = None
    at_most: Decimal | None = None

    def hold(self, value: Any) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )


class Rule(_Part):
    id: str
    about: About
    when: dict[str, bool | str | list[str] | Bounds] = {}
    order_by: str | None = None
    at_most: int = Field(default=1, ge=1)
    editions: list[Kind] = ["city", "union", "partner"]
    say: Text

    @model_validator(mode="after")
    def _knows_what_it_names(self, info: ValidationInfo) -> "Rule":
        fields = {*FIELDS[self.about], *FIGURES[self.about]}
        named = [*self.when, *([self.order_by.removeprefix("-")] if self.order_by else [])]
        if unknown := [name for name in named if name not in fields]:
            raise ValueError(f"rule '{self.id}': '{unknown[0]}' is not one of {', '.join(sorted(fields))}")
        printable, language = {*WORDS[self.about], *FIGURES[self.about]}, load_language(info.context)
        before = ""
        for text, name, style, _ in Formatter().parse(self.say):
            before += text
            if name is None:
                continue
            if name not in printable:
                raise ValueError(f"rule '{self.id}': {{{name}}} is not one of {', '.join(sorted(printable))}")
            if style not in STYLES:
                raise ValueError(f"rule '{self.id}': '{style}' is not {' or '.join(map(repr, STYLES[1:]))}")
            lead = _LEAD.get(name) or COLUMN_ZH.get(name)
            if lead and language.gettext(lead).lower() not in before.lower():
                raise ValueError(f"rule '{self.id}': {{{name}}} has to follow the words {language.gettext(lead)}")
        return self


class Rules(_Part):
    """`highlights` open the issue, `advice` closes its text; the numbers say how many of them an issue shows.

    The first rule of `calendar` that has something to say ends the overall progress.
    """

    highlights_shown: int = Field(ge=1)
    advice_shown: int = Field(ge=1)
    highlights: list[Rule]
    calendar: list[Rule]
    advice: list[Rule]


@dataclass(frozen=True)
class _Subject:
    """A row that rules look at: `fields` for conditions, `words`, and how its figures are made."""

    key: str
    fields: Row
    words: dict[str, Any]
    figure: Callable[[str, bool], Figure]


def load_rules(root: Path, language: Code) -> Rules:
    """config/briefing_rules.yaml of the project in a language. Raises BriefingError, which names the rule."""
    path = root / "config" / "briefing_rules.yaml"
    try:
        return _load(path, language)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BriefingError(f"{path}: {told}") from error


@lru_cache(maxsize=4)
def _load(path: Path, language: Code) -> Rules:
    return Rules.model_validate(read_yaml(path), context=language)


def apply(rules: list[Rule], most: int, book: FigureBook, kind: Kind) -> list[Sentence]:
    """The first `most` sentences that the rules have to say of an edition, without a full stop."""
    subjects: dict[str, list[_Subject]] = {}
    said: list[Sentence] = []
    spoken_of: set[str] = set()
    for rule in rules:
        if kind not in rule.editions:
            continue
        if rule.about not in subjects:
            subjects[rule.about] = list(_SUBJECTS[rule.about](book))
        times = 0
        for subject in _ordered(rule, subjects[rule.about]):
            if times == rule.at_most or subject.key in spoken_of or not _meets(rule, subject.fields):
                continue
            if sentence := _sentence(book, rule.say, subject):
                said.append(sentence)
                spoken_of.add(subject.key if rule.about != "issue" else f"issue {rule.id}")
                times += 1
            if len(said) == most:
                return said
    return said


def _ordered(rule: Rule, subjects: list[_Subject]) -> list[_Subject]:
    if rule.order_by is None:
        return subjects
    name, sign = rule.order_by.removeprefix("-"), -1 if rule.order_by.startswith("-") else 1
    known = [subject for subject in subjects if subject.fields.get(name) is not None]
    return sorted(known, key=lambda subject: sign * subject.fields[name])


def _meets(rule: Rule, fields: Row) -> bool:
    for name, wanted in rule.when.items():
        value = fields.get(name)
        if value is None:
            return False
        if isinstance(wanted, Bounds):
            if not wanted.hold(value):
                return False
        elif not (value in wanted if isinstance(wanted, list) else value == wanted):
            return False
    return True


def _sentence(book: FigureBook, say: str, subject: _Subject) -> Sentence | None:
    """The sentence of a row, or None when it lacks one of the figures."""
    sentence: Sentence = []
    for text, name, style, _ in Formatter().parse(say):
        sentence += [text] if text else []
        if name is None:
            continue
        if name in subject.words:
            words = subject.words[name]
            if not words:
                return None
            sentence += words if isinstance(words, list) else [words]
            continue
        figure = subject.figure(name, style == "magnitude")
        if figure.value is None:
            return None
        sentence += [figure] if style == "bare" else book.with_unit(figure)
    return sentence


def _metric_words(book: FigureBook, metric: Row) -> dict[str, Any]:
    named = {"name": "name", "owner": "owner", "project": "project", "domain": "domain_name"}
    return {word: book.language.of(metric, column) for word, column in named.items()}


def _metrics(book: FigureBook) -> Iterator[_Subject]:
    for metric, catalogue in book.marts.catalogue.items():
        row = book.standing(metric)
        if row is None:
            continue
        fields = {column: row[column] for column in _METRIC_FIGURES}
        before = None if None in (row["value"], row["change"]) else row["value"] - row["change"]
        fields |= {
            "metric_id": metric,
            "domain_code": catalogue["domain"],
            "kind": catalogue["kind"],
            "direction": catalogue["direction"],
            "fault": catalogue["fault"],
            "status_code": row["status_code"],
            "change_share": row["change"] / before if before else None,
            "places_lost": row["rank"] - row["previous_rank"] if row["rank"] and row["previous_rank"] else None,
            "rank_from_last": row["ranked_units"] - row["rank"] + 1 if row["rank"] else None,
            "forecast_share": row["forecast"] / row["target"] if row["forecast"] and row["target"] else None,
        }
        yield _Subject(
            metric,
            fields,
            _metric_words(book, catalogue),
            lambda column, magnitude, metric=metric: book.metric(metric, column, magnitude=magnitude),  # type: ignore[misc]
        )


def _uneven(book: FigureBook) -> Iterator[_Subject]:
    for row in book.marts.uneven:
        catalogue = book.marts.metrics[row["metric_id"]]
        yield _Subject(
            row["metric_id"],
            row,
            {**_metric_words(book, catalogue), "last": last_units(book, "uneven", row["metric_id"])},
            lambda column, magnitude, row=row: book.uneven(row, column, magnitude),  # type: ignore[misc]
        )


def _faults(book: FigureBook) -> Iterator[_Subject]:
    for row in book.marts.faults:
        catalogue = book.marts.metrics[row["metric_id"]]
        before = None if None in (row["value"], row["change"]) else row["value"] - row["change"]
        worsening = (1 if catalogue["direction"] == "down" else -1) * row["change"] / abs(before) if before else None
        yield _Subject(
            row["metric_id"],
            {**row, "worsening_share": worsening},
            {**_metric_words(book, catalogue), "last": last_units(book, "fault", row["metric_id"])},
            lambda column, magnitude, metric=row["metric_id"]: book.metric(metric, column, magnitude=magnitude),  # type: ignore[misc]
        )


def _sources(book: FigureBook) -> Iterator[_Subject]:
    for row in book.marts.freshness:
        if row["is_late"]:
            touched = [
                book.language.of(catalogue, "name")
                for metric, catalogue in book.marts.catalogue.items()
                if metric in book.marts.metric_feeds.get(row["feed"], [])
            ]
            yield _Subject(
                f"{row['partner_id']}.{row['feed']}",
                {**row, "has_data": row["complete_through"] is not None},
                {
                    "partner": book.language.of(row, "partner_name"),
                    "feed": book.language.of(row, "feed_name"),
                    "metrics": book.language.listed(touched or [book.language.gettext("相关指标")]),
                },
                lambda column, magnitude, row=row: book.freshness(row),  # type: ignore[misc]
            )


def _actions(book: FigureBook) -> Iterator[_Subject]:
    for row in book.marts.actions:
        is_known = row["organisation_code"] != "UNKNOWN"
        yield _Subject(
            f"action {row['action_id']}",
            row,
            {
                "title": AsRecorded(row["title"]),
                "department": book.language.of(row, "owner_department"),
                "unit": book.language.of(row, "organisation_short_name") if is_known else "",
            },
            lambda column, magnitude, row=row: book.action(row, column),  # type: ignore[misc]
        )


def _issue(book: FigureBook) -> Iterator[_Subject]:
    statuses, actions = FIGURES["issue"][1:5], FIGURES["issue"][5:]

    def figure(column: str, magnitude: bool) -> Figure:
        if column in statuses:
            return book.status_count(column)
        return book.action_count(column) if column in actions else book.target_count()

    fields = {column: figure(column, False).value for column in FIGURES["issue"]}
    fields |= {
        "late_sources": Decimal(sum(row["is_late"] for row in book.marts.freshness)),
        "restated": Decimal(len(book.marts.restated)),
    }
    yield _Subject("issue", fields, {}, figure)


def _week(book: FigureBook) -> Iterator[_Subject]:
    this, before = str(book.marts.week), str(book.marts.week.previous())

    def days(week: str, what: str) -> list[Row]:
        return [row for row in book.marts.days if row["week_id"] == week and row[what]]

    def named(rows: list[Row]) -> Sentence:
        return book.language.listed(list(dict.fromkeys(book.language.of(row, "holiday_name") for row in rows)))

    off, off_before = days(this, "is_holiday"), days(before, "is_holiday")
    changes = [book.metric(metric, "change").direction for metric in book.marts.catalogue if book.standing(metric)]
    fields = {column: book.workdays(column).value for column in FIGURES["week"]}
    fields |= {
        "days_off": Decimal(len(off)),
        "previous_days_off": Decimal(len(off_before)),
        "make_up_workdays": Decimal(len(days(this, "is_make_up_workday"))),
        "workdays_change": Decimal(len(days(this, "is_workday")) - len(days(before, "is_workday"))),
        "metrics_changed": Decimal(sum(map(abs, changes))),
    }
    words = {"holidays": named(off), "previous_holidays": named(off_before)}
    yield _Subject("week", fields, words, lambda column, magnitude: book.workdays(column))


_SUBJECTS: dict[str, Callable[[FigureBook], Iterator[_Subject]]] = {
    "metric": _metrics,
    "uneven": _uneven,
    "fault": _faults,
    "source": _sources,
    "action": _actions,
    "issue": _issue,
    "week": _week,
}


def last_units(book: FigureBook, kind: str, metric: str, most: int = 2) -> Sentence:
    """The very last of a metric with their figures: partners where there are any, else county-level unions."""
    rows = [
        row
        for row in (book.marts.uneven_last if kind == "uneven" else book.marts.fault_last)
        if row["metric_id"] == metric
    ]
    partners = [row for row in rows if row["scope_type"] == "partner"]
    last = [row for row in (partners or rows) if row["rank_from_last"] == 1]
    shown = [
        book.sentence(
            "{unit}（完成率{value}）", unit=book.language.of(row, "scope_short_name"), value=book.uneven_last(row)
        )
        if kind == "uneven"
        else book.sentence(
            "{unit}（累计{value}）", unit=book.language.of(row, "scope_short_name"), value=book.fault_last(row)
        )
        for row in last[:most]
    ]
    return book.language.listed(shown, has_more=len(last) > most)
