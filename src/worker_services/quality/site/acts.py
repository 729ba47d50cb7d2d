"""What was done, as auditors read it: the entries of the ledger, each of a kind, with who, when, why and to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from worker_services.audit import ledger
from worker_services.audit.heads import SITE
from worker_services.briefing.language import N_, Language
from worker_services.intervals import SHANGHAI
from worker_services.quality.site.layout import in_chinese
from worker_services.settings import Settings

OWN = SITE
"""The pages about all nights say nothing of their own entries: they would never be at rest."""

KINDS = {
    "briefing.approve": N_("审批"),
    "briefing.decline": N_("审批"),
    "briefing.lapse": N_("审批"),
    "quarantine.*": N_("隔离处置"),
    "batch.supplement": N_("隔离处置"),
    "warehouse.rollback": N_("回退"),
    "corrections.change": N_("更正登记"),
    "audit.pack": N_("审计资料包"),
    "secret.use": N_("密钥"),
    "ledger.rotate": N_("密钥"),
    "vault.expire": N_("到期删除"),
    "warehouse.publish": N_("发布"),
    "briefing.send": N_("简报发送"),
    "warehouse.*": N_("构建"),
    "briefing.*": N_("简报制作"),
    "quality.*": N_("质量报告"),
    "ledger.*": N_("台账核验"),
    "batch.*": N_("到数"),
    "vault.seal": N_("原文密封"),
    "mail.send": N_("函件"),
}
"""The kind of an action: that of the first pattern that fits it."""

DECISIONS = tuple(dict.fromkeys(list(KINDS.values())[:13]))
"""Kinds that a person decides, or that reach readers: few enough to stand on one page, however old the house is."""

ACTIONS = {
    "briefing.approve": N_("同意发送"),
    "briefing.decline": N_("不予发送"),
    "briefing.lapse": N_("逾期未答复"),
    "briefing.render": N_("生成简报"),
    "briefing.print": N_("刊出数字存档"),
    "briefing.send": N_("发送简报"),
    "briefing.bounce": N_("退信"),
    "quarantine.release": N_("放行隔离行"),
    "quarantine.correct": N_("更正隔离行"),
    "quarantine.reject": N_("不予采用隔离行"),
    "quarantine.reveal": N_("查看隔离行原文"),
    "quarantine.result": N_("处置结果"),
    "batch.supplement": N_("隔离行补入"),
    "batch.landed": N_("整批入库"),
    "batch.partly_quarantined": N_("入库，部分隔离"),
    "batch.rejected": N_("整批退回"),
    "batch.missing": N_("未送达"),
    "batch.unchanged": N_("内容未变"),
    "warehouse.build": N_("构建"),
    "warehouse.audit": N_("构建审核"),
    "warehouse.publish": N_("发布构建"),
    "warehouse.rollback": N_("回退构建"),
    "warehouse.drop": N_("删除旧构建"),
    "warehouse.compact": N_("合并小文件"),
    "quality.report": N_("每夜报告"),
    "quality.scorecard": N_("周记分卡"),
    "quality.issues": N_("期次与溯源页面"),
    "audit.pack": N_("制作审计资料包"),
    "corrections.change": N_("更正登记变动"),
    "secret.use": N_("启用密钥"),
    "ledger.rotate": N_("更换签名密钥"),
    "ledger.head": N_("核验无误，留存签名"),
    "ledger.findings": N_("核验发现问题"),
    "vault.seal": N_("密封原文"),
    "vault.expire": N_("到期删除原文"),
    "mail.send": N_("发出函件"),
}


@dataclass(frozen=True)
class Act:
    """An entry as it is shown. `files` counts those that came into being, `deleted` those that went."""

    seq: int
    day: str
    time: str
    kind: str
    action: str
    what: str
    actor: str
    subject: str
    reason: str
    more: str
    files: int
    deleted: int
    hash: str


def known(settings: Settings) -> list[ledger.Entry]:
    """The ledger's entries, the oldest first, but those about the pages that show them."""
    return [entry for entry in ledger.entries(settings) if entry.action != OWN]


def kind_of(action: str) -> str:
    return next((kind for pattern, kind in KINDS.items() if fnmatchcase(action, pattern)), N_("其他"))


def shown(language: Language, entries: Iterable[ledger.Entry]) -> list[Act]:
    """Entries in words, the newest first."""
    acts = [_act(language, entry) for entry in entries]
    return sorted(acts, key=lambda act: act.seq, reverse=True)


def month_of(entry: ledger.Entry) -> str:
    """The month (Asia/Shanghai) of an entry, such as 2025-10."""
    return f"{_local(entry):%Y-%m}"


def _act(language: Language, entry: ledger.Entry) -> Act:
    details = entry.details
    said = {
        name: value
        for name, value in details.items()
        if name not in ("files", "deleted", "reason", "fingerprint", "message_id") and value not in (None, "", [], {})
    }
    action = ACTIONS.get(entry.action)
    return Act(
        seq=entry.seq,
        day=f"{_local(entry):%Y-%m-%d}",
        time=f"{_local(entry):%H:%M:%S}",
        kind=language.gettext(kind_of(entry.action)),
        action=entry.action,
        what=language.gettext(action) if action else entry.action,
        actor=in_chinese(language, entry.actor),
        subject=entry.subject,
        reason=in_chinese(language, str(details.get("reason") or "")),
        more=in_chinese(language, "; ".join(f"{name}: {_text(value)}" for name, value in said.items())),
        files=len(details.get("files", ())),
        deleted=len(details.get("deleted", ())),
        hash=entry.hash,
    )


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _local(entry: ledger.Entry) -> datetime:
    return datetime.fromisoformat(entry.time).astimezone(SHANGHAI)
