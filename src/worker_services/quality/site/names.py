"""How partners, feeds, metrics and dimensions are called on the site, in its language."""

from functools import cache

from worker_services.briefing.language import Code, Language
from worker_services.contracts import load_contract
from worker_services.metrics import catalogue
from worker_services.partners.registry import load_partners
from worker_services.seeds import read_seed


def partner_name(language: Language, partner: str) -> str:
    """A partner's name; its id where no file is about it any more."""
    known = load_partners().get(partner)
    return partner if known is None else known.name if language.code == "zh" else known.name_en


def feed_name(language: Language, feed: str) -> str:
    contract = load_contract(feed)
    return contract.label if language.code == "zh" else contract.label_en


def metric_name(language: Language, metric_id: str) -> str:
    """A metric's name; its id where the catalogue has it no more."""
    return _metrics(language.code).get(metric_id, metric_id)


def dimension_name(language: Language, name_zh: str) -> str:
    """One of the six dimensions of GB/T 36344-2018."""
    return _dimensions()[name_zh] if language.code != "zh" else name_zh


def domain_name(language: Language, code: str) -> str:
    return next(row for row in read_seed("code_lists/domains") if row["code"] == code)[f"name_{language.code}"]


@cache
def _dimensions() -> dict[str, str]:
    return {row["characteristic_zh"]: row["characteristic_en"] for row in read_seed("quality/quality_characteristics")}


@cache
def _metrics(code: Code) -> dict[str, str]:
    return {each.metric_id: each.name_zh if code == "zh" else each.name_en for each in catalogue().values()}
