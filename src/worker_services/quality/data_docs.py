"""Great Expectations' own pages (Data Docs) for the results of one night, made to work without a network.

As built they load Bootstrap, Font Awesome, jQuery and Vega from outside and lay themselves out by script. Here every
page keeps its text and tables; scripts, outside links and pictures go, and one local style sheet takes their place.
They are rendered once, and then said in each language.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from lxml import html

from worker_services.briefing.language import N_, TAGS, AsRecorded, Code, Language, load_language
from worker_services.files import write_bytes
from worker_services.quality.site.layout import DOMAIN
from worker_services.quality.site.texts import check_text
from worker_services.settings import Settings

SITE = "night"
STYLE_SHEET = "data_docs.css"
ICONS = {"fa-check-circle": "✔", "fa-check": "✔", "fa-times": "✘", "fa-exclamation-triangle": "⚠"}
DROPPED = (
    "//body//*[self::script or self::style or self::link or self::img or self::nav or self::footer]"
    " | //div[contains(@class, 'col-lg-2')] | //a[@data-toggle]"
)
CHINESE = {
    "Overview": "概况",
    "Expectation Suite:": "检查组：",
    "Status:": "结果：",
    "Failed": "有未通过",
    "Succeeded": "全部通过",
    "Statistics": "统计",
    "Evaluated Expectations": "检查项",
    "Successful Expectations": "通过",
    "Unsuccessful Expectations": "未通过",
    "Success Percent": "通过比例",
    "Info": "说明",
    "Great Expectations Version": "工具版本",
    "Run Name": "数据日期",
    "Run Time": "数据日期零时",
    "Table-Level Expectations": "整表",
    "Status": "结果",
    "Expectation": "要求",
    "Observed Value": "实际",
}
TITLE = N_("质量检查明细")


def build(
    settings: Settings, day: date, documents: list[dict[str, Any]], folders: Mapping[Code, Path]
) -> dict[str, str]:
    """Build the pages of `documents` (files of data/quality) anew, in the folder of each language.

    Returns, for each GX result by '<batch or build id>/<suite name>', the page's path below the folders.
    """
    styles = settings.project_root / "templates" / "quality" / STYLE_SHEET
    subjects = {f"{_name(document, result)}.html": result["suite_name"] for document, result in _results(documents)}
    with tempfile.TemporaryDirectory() as temporary:
        pages = _render(day, documents, Path(temporary))
        for code, folder in folders.items():
            language = load_language(code, DOMAIN)
            shutil.rmtree(folder, ignore_errors=True)
            for name, page in pages.items():
                write_bytes(folder / name, _offline(page, language, subjects[name]))
            write_bytes(folder / STYLE_SHEET, styles.read_bytes())
    return {_key(document, result): f"{_name(document, result)}.html" for document, result in _results(documents)}


def _render(day: date, documents: list[dict[str, Any]], folder: Path) -> dict[str, Path]:
    import great_expectations
    from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    from worker_services.quality.duckdb_datasource import ephemeral_context

    context = ephemeral_context()
    run = RunIdentifier(run_name=day.isoformat(), run_time=datetime.combine(day, time(), UTC))
    site: Any = {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_section_builders": {"expectations": "none", "profiling": "none"},
    }
    context.add_data_docs_site(site_name=SITE, site_config=site)
    pages = {}
    store: Any = context.validation_results_store
    try:
        keys = []
        for document, result in _results(documents):
            meta = {"great_expectations_version": great_expectations.__version__}
            stored = expectationSuiteValidationResultSchema.load({**result, "meta": meta})
            stored.meta["run_id"] = run
            keys.append(
                ValidationResultIdentifier(
                    expectation_suite_identifier=ExpectationSuiteIdentifier(name=result["suite_name"]),
                    run_id=run,
                    batch_identifier=_name(document, result),
                )
            )
            store.set(keys[-1], stored)
        context.build_data_docs(site_names=[SITE])
        for document, result in _results(documents):
            name = _name(document, result)
            (pages[f"{name}.html"],) = folder.glob(f"validations/**/{name}.html")
        for key in keys:
            store.remove_key(key)
    finally:
        context.delete_data_docs_site(SITE)
    return pages


def _offline(page: Path, language: Language, subject: str) -> bytes:
    tree = html.parse(str(page), html.HTMLParser(encoding="utf-8")).getroot()
    head, body = tree.find("head"), tree.find("body")
    for element in [*head, *tree.xpath(DROPPED)]:
        if element.getparent() is not None:
            element.drop_tree()
    for link in body.iter("a"):
        if not str(link.get("href", "")).startswith("#") or link.get("data-toggle"):
            link.tag = "span"
            link.attrib.clear()
    for heading in body.iter("h5", "h6"):
        heading.tag = {"h5": "h2", "h6": "h3"}[heading.tag]
    for container in body.xpath("./div"):
        container.tag = "main"
    for icon in body.iter("i"):
        icon.text = next((sign for name, sign in ICONS.items() if name in icon.get("class", "")), "")
    for element in body.iter():
        for name in [name for name in element.attrib if name not in ("id", "class", "href", "colspan", "rowspan")]:
            del element.attrib[name]
    for heading in body.xpath("//thead[not(normalize-space())]"):
        heading.drop_tree()
    for element in body.iter():
        said = _in_chinese if language.code == "zh" else partial(_in_english, language, subject)
        element.text, element.tail = said(element.text), said(element.tail)
        if isinstance(element.text, AsRecorded):
            element.set("lang", TAGS["zh"])
    tree.set("lang", language.tag)
    head.append(html.fragment_fromstring('<meta charset="utf-8">'))
    head.append(html.fragment_fromstring('<meta name="viewport" content="width=device-width, initial-scale=1">'))
    title = language.gettext(TITLE)
    head.append(html.fragment_fromstring(f"<title>{title} {page.stem}</title>"))
    head.append(html.fragment_fromstring(f'<link rel="stylesheet" href="{STYLE_SHEET}">'))
    report = language.gettext("数据质量报告")
    top = f'<header><p><a href="../index.html">← {report}</a></p><h1>{title}</h1><p>{page.stem}</p></header>'
    body.insert(0, html.fragment_fromstring(top))
    text = html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    return re.sub(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text).encode()


def _in_english(language: Language, subject: str, text: str | None) -> str | None:
    """Great Expectations speaks English itself; what a check asks for is in Chinese."""
    words = (text or "").strip()
    return None if words.startswith("Data asset:") else check_text(language, words, subject) if words else text


def _in_chinese(text: str | None) -> str | None:
    words = (text or "").strip()
    if words.startswith("Data asset:"):
        return None
    share = re.fullmatch(r"(\S+%) (unexpected|not null)", words)
    if share:
        return f"{'不符合' if share[2] == 'unexpected' else '不为空'} {share[1]}"
    return (text or "").replace(words, CHINESE[words]) if words in CHINESE else text


def _results(documents: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(document, result) for document in documents for result in document["great_expectations"]]


def _key(document: dict[str, Any], result: dict[str, Any]) -> str:
    return f"{document.get('batch_id') or document['build_id']}/{result['suite_name']}"


def _name(document: dict[str, Any], result: dict[str, Any]) -> str:
    batch = document.get("batch_id")
    return batch if batch else f"{document['build_id']}-{result['suite_name']}"
