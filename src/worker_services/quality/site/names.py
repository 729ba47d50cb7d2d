"""How partners, feeds, metrics and dimensions are called on the site, in its language."""

import re
from collections.abc import Callable
from functools import cache

from worker_services.briefing.config import Edition
from worker_services.briefing.language import N_, Code, Language
from worker_services.contracts import contract_feeds, load_contract
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.seeds import read_seed

CHINESE = re.compile("[\u3000-\u9fff\uff00-\uffef]")
MARTS = {
    "rpt_metric_weekly": N_("指标周表"),
    "rpt_metric_catalogue": N_("指标目录"),
    "rpt_partner_freshness": N_("各单位数据截至"),
    "rpt_quality_feed_weekly": N_("各数据项行数周表"),
    "rpt_quality_reasons": N_("隔离原因周表"),
    "rpt_service_categories": N_("医院服务类别周表"),
    "rpt_reconciliation_weekly": N_("两处记录核对周表"),
    "rpt_reconciliation_differences": N_("两处记录差异周表"),
    "rpt_build": N_("构建信息"),
}


def partner_name(language: Language, partner: str) -> str:
    """A partner's name; its id where no file is about it any more."""
    known = load_partners().get(partner)
    return partner if known is None else known.name if language.code == "zh" else known.name_en


def feed_name(language: Language, feed: str) -> str:
    """A feed as its contract calls it; its id where there is no contract, as of a list that the union keeps itself."""
    if feed not in _feeds():
        return feed
    contract = load_contract(feed)
    return contract.label if language.code == "zh" else contract.label_en


def metric_name(language: Language, metric_id: str) -> str:
    """A metric's name; its id where the catalogue has it no more."""
    return _metrics(language.code).get(metric_id, metric_id)


def dimension_name(language: Language, name_zh: str) -> str:
    """One of the six dimensions of GB/T 36344-2018."""
    return _dimensions()[name_zh] if language.code != "zh" else name_zh


def edition_name(language: Language, edition: Edition) -> str:
    """An edition of the briefing; the city has two, which have one name in English."""
    if language.code == "zh":
        return edition.name_zh
    return edition.name_en if edition.language == "zh" else f"{edition.name_en}, in English"


def domain_name(language: Language, code: str) -> str:
    return next(row for row in read_seed("code_lists/domains") if row["code"] == code)[f"name_{language.code}"]


def column_name(language: Language, column: str, feed: str) -> str:
    """A column of a feed as its contract calls it; the whole row where there is no column."""
    return load_contract(feed).label_of(column, language.code)


def subject_name(language: Language, subject: str) -> str:
    """What a check is about: a feed, or a mart."""
    if subject in MARTS:
        return language.gettext(MARTS[subject])
    return feed_name(language, subject)


NAMES: dict[str, Callable[..., str]] = {
    function.__name__: function
    for function in (
        partner_name,
        feed_name,
        metric_name,
        dimension_name,
        edition_name,
        domain_name,
        column_name,
        subject_name,
    )
}
"""The names above by what templates call them."""


@cache
def _feeds() -> frozenset[str]:
    return frozenset(contract_feeds())


@cache
def _dimensions() -> dict[str, str]:
    return {row["characteristic_zh"]: row["characteristic_en"] for row in read_seed("quality/quality_characteristics")}


@cache
def _metrics(code: Code) -> dict[str, str]:
    return {each.metric_id: each.name_zh if code == "zh" else each.name_en for each in catalogue().values()}
