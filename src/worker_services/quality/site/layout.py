"""What every page of the auditors' site has in common: its place, its links, its head and foot, and its two editions.

A page has one path in both editions: reports/quality/<path> is in Chinese, reports/quality/en/<path> in English.
"""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from worker_services.audit import ledger
from worker_services.briefing.language import N_, TAGS, AsRecorded, Code, Language, load_language
from worker_services.briefing.seal import publication
from worker_services.files import write_bytes
from worker_services.intervals import SHANGHAI, Interval
from worker_services.quality.site.names import CHINESE, NAMES
from worker_services.quality.site.texts import check_text
from worker_services.settings import Settings
from worker_services.warehouse.publish import Published, current

DOMAIN = "quality"
OTHER: dict[Code, Code] = {"zh": "en", "en": "zh"}
NAVIGATION = (
    ("index.html", N_("总览"), True),
    ("ledger/index.html", N_("台账"), True),
    ("exceptions.html", N_("在行例外"), True),
    ("figures.html", N_("指标目录"), True),
    ("catalogue.html", N_("检查目录"), True),
    ("issues/index.html", N_("期次与溯源"), False),
    ("lineage/index.html", N_("数据血缘"), False),
)
"""Path, name, and whether the site always has the page; the others have a link once they are there."""

MODELS = "dbt/index.html"
"""The documentation of the models, as dbt makes it; it has no edition in English."""


@dataclass(frozen=True)
class Site:
    """What the pages of one making share. `published` is the entry of the ledger that published the build."""

    settings: Settings
    build: Published | None
    published: ledger.Entry | None

    @property
    def root(self) -> Path:
        return self.settings.reports_root / "quality"


@dataclass(frozen=True)
class Link:
    """A link as a page has it: relative to the page itself, and `here` where it leads to the page's own section."""

    title: str
    href: str
    here: bool = False


def open_site(settings: Settings) -> Site:
    """The site as the published build and the ledger let it be made. Raises LedgerUnusable."""
    build = current(settings)
    return Site(settings, build, publication(settings, build.build_id) if build else None)


def write_page(
    site: Site,
    path: str,
    template: str,
    shown_in: Callable[[Language], Mapping[str, Any]],
    section: str = "index.html",
    crumbs: Callable[[Language], Sequence[tuple[str, str]]] = lambda language: (),
) -> list[Path]:
    """Write a page in both editions and return its files.

    `shown_in` gives what the template shows, in a language; `section` is the path of the navigation's entry that the
    page belongs to; `crumbs` are the pages between the home page and this one, each with its title and path.
    """
    files = []
    for code in TAGS:
        language = load_language(code, DOMAIN)
        file = site.root / edition_path(code, path)
        write_bytes(
            file, render_page(site, language, path, template, shown_in(language), section, crumbs(language)).encode()
        )
        files.append(file)
    return files


def render_page(
    site: Site,
    language: Language,
    path: str,
    template: str,
    shown: Mapping[str, Any],
    section: str = "index.html",
    crumbs: Sequence[tuple[str, str]] = (),
) -> str:
    """The HTML of a page in one language."""
    here = edition_path(language.code, path)

    def to(target: str) -> str:
        return relative(here, edition_path(language.code, target))

    home = language.gettext("数据质量与审计")
    return (
        environment(site.settings, language)
        .get_template(template)
        .render(
            site=site,
            language=language,
            to=to,
            to_file=lambda target: relative(here, target),
            navigation=_navigation(site, language, here, section),
            crumbs=[] if path == "index.html" else [Link(home, to("index.html")), *(Link(t, to(p)) for t, p in crumbs)],
            other=Link(
                {"zh": "中文", "en": "English"}[OTHER[language.code]],
                relative(here, edition_path(OTHER[language.code], path)),
            ),
            other_tag=TAGS[OTHER[language.code]],
            search_index=to("search.js"),
            edition_root=to("."),
            **shown,
        )
    )


def edition_path(code: Code, path: str) -> str:
    """The path of a page below reports/quality in one of the editions."""
    return path if code == "zh" else f"{code}/{path}"


def relative(here: str, target: str) -> str:
    """The link to `target` on the page `here`, both below reports/quality; a fragment stays."""
    path, mark, fragment = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(here) or ".") + mark + fragment


def environment(settings: Settings, language: Language) -> jinja2.Environment:
    """Templates of templates/quality in a language; an undefined name is an error. They share style sheet and script.

    Words that stand in Chinese only are marked as such on an English page, by themselves.
    """
    return _environment(settings.project_root / "templates" / "quality", language)


@lru_cache(maxsize=4)
def _environment(templates: Path, language: Language) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=marked,
    )
    language.speak_in(made)
    made.globals["styles"] = Markup((templates / "site.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    made.globals["script"] = Markup((templates / "site.js").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    made.filters["local_time"] = local_time
    made.filters["share"] = share
    made.filters["count"] = lambda number: "—" if number is None else f"{number:,}"
    made.filters["plain"] = str  # for attributes, which cannot be marked
    made.filters["filled"] = filled
    made.filters["in_chinese"] = lambda text: in_chinese(language, text)
    made.filters["check_text"] = partial(check_text, language)
    for name, called in NAMES.items():
        made.filters[name] = partial(called, language)
    made.filters["span"] = lambda interval: span(language, interval)
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return made


def in_chinese(language: Language, text: str) -> str:
    """Words that there are in Chinese only, marked as such where the language is another."""
    return AsRecorded(text) if language.code != "zh" and CHINESE.search(text) else text


def marked(value: Any) -> Any:
    """What is printed, with its language where that is not the page's."""
    return Markup('<span lang="{}">{}</span>').format(TAGS["zh"], escape(str(value))) if _is_foreign(value) else value


def filled(text: str, **values: Any) -> Markup:
    """A text with its places filled by what is marked where it needs to be."""
    return escape(text).format(**{name: marked(value) for name, value in values.items()})


def local_time(moment: datetime | str | None) -> str:
    """A moment (UTC where it does not say; ISO 8601 where it is text) as Shanghai clock time."""
    if moment is None:
        return "—"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def span(language: Language, interval: Interval | None) -> str:
    """The days of an interval, first and last."""
    if interval is None:
        return ""
    days = dict.fromkeys(day.isoformat() for day in (interval.start, interval.last_day))
    return language.gettext(" 至 ").join(days)


def share(value: Any) -> str:
    return "—" if value is None else f"{float(value):.1%}"


def _is_foreign(value: Any) -> bool:
    return isinstance(value, AsRecorded) and value != ""


def _navigation(site: Site, language: Language, here: str, section: str) -> list[Link]:
    links = [
        Link(language.gettext(name), relative(here, edition_path(language.code, path)), here=path == section)
        for path, name, is_always_there in NAVIGATION
        if is_always_there or (site.root / edition_path(language.code, path)).is_file()
    ]
    if (site.root / MODELS).is_file():
        links.append(Link(language.gettext("数据模型"), relative(here, MODELS)))
    return links
