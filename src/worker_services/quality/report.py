"""The data-quality report of one night: reports/quality/<date>/index.html, for auditors and the data team.

It reads what other stages published: outcomes, manifests, reasons of quarantine, results of checks, and the rpt_
marts of the published build. It shows counts and never a value.
"""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from worker_services.audit.protected import enter_files, files_below
from worker_services.briefing.language import TAGS, Language, load_language
from worker_services.files import write_bytes, write_json
from worker_services.intervals import Week
from worker_services.quality import data_docs
from worker_services.quality.checks import OWNERS
from worker_services.quality.scorecard import NoScorecard, Scorecard, read_scorecard
from worker_services.quality.site import acts, checked, corrections, exceptions
from worker_services.quality.site.arrivals import OUTCOMES, arrivals_of, held_of
from worker_services.quality.site.home import NIGHT
from worker_services.quality.site.layout import DOMAIN, Site, edition_path, open_site, write_page
from worker_services.quality.site.night import Report
from worker_services.quality.site.night_pdf import print_report
from worker_services.quality.site.restated import CHANGES, read_restated
from worker_services.quality.site.week import read_figures
from worker_services.seeds import read_seed
from worker_services.settings import Settings


def render(settings: Settings, day: date) -> Path:
    """Write the report of the batches whose interval ends with `day`; the same inputs give the same bytes.

    In both editions, as pages and as PDF, with Great Expectations' own pages; `night.json` beside the Chinese one.
    """
    site = open_site(settings)
    folder = site.root / day.isoformat()
    documents = checked.documents_of(settings, day)
    of_build = checked.document_of_build(settings, site.build.build_id) if site.build else None
    everything = [*documents, *([of_build] if of_build else [])]
    folders = {code: site.root / edition_path(code, f"{day}/data_docs") for code in TAGS}
    links = {}
    if everything:
        pages = data_docs.build(settings, day, everything, folders)
        links = {key: f"data_docs/{page}" for key, page in pages.items()}
    else:
        for each in folders.values():
            shutil.rmtree(each, ignore_errors=True)
    arrivals = arrivals_of(settings, day)
    report = Report(
        day=day,
        week=Week.of(day),
        build=site.build,
        arrivals=arrivals,
        held=held_of(settings, arrivals, day),
        groups=[checked.batch_group(document, links) for document in documents],
        marts=checked.mart_groups(of_build, links) if of_build else [],
        figures=read_figures(site.build.path, Week.of(day)) if site.build else None,
    )
    write_json(folder / NIGHT, report.in_numbers)
    shown = {code: _shown(site, report, load_language(code, DOMAIN)) for code in TAGS}
    page, pdf = f"{day}/index.html", f"{day}/report.pdf"
    write_page(site, page, "night.html.j2", lambda language: shown[language.code])
    for code in TAGS:
        printed = print_report(site, report, load_language(code, DOMAIN), shown[code])
        write_bytes(site.root / edition_path(code, pdf), printed)
    files = [file for code in TAGS for file in files_below(site.root / edition_path(code, day.isoformat()))]
    enter_files(settings, "quality.report", day.isoformat(), files)
    return folder / "index.html"


def _shown(site: Site, report: Report, language: Language) -> dict[str, Any]:
    entries = acts.known(site.settings)
    return {
        "report": report,
        "restated": read_restated(site.settings, report.build, report.week, language) if report.build else None,
        "corrections": corrections.collect(site, language, entries),
        "kinds": exceptions.collect(site, language, entries),
        "card": _card(site, report),
        "characteristics": read_seed("quality/quality_characteristics"),
        "grades": read_seed("quality/quality_grades"),
        "rules": {row["rule"]: row for row in read_seed("rules/rules")},
        "outcomes": OUTCOMES,
        "changes": CHANGES,
        "owners": OWNERS,
    }


def _card(site: Site, report: Report) -> Scorecard | None:
    try:
        return read_scorecard(site.settings, report.week)
    except NoScorecard:
        return None
