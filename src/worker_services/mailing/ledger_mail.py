"""Mails about the ledger: each night its head, to those who keep it elsewhere; to the data team what is wrong."""

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from worker_services.audit import heads
from worker_services.audit.verify import Kind, Verification
from worker_services.connections import Connection
from worker_services.intervals import SHANGHAI
from worker_services.mailing.alerts import send_text
from worker_services.mailing.config import load_config
from worker_services.mailing.outbox import Sent
from worker_services.settings import Settings

FINDINGS_SHOWN = 20
KIND_ZH: dict[Kind, str] = {
    "ledger_empty": "台账无任何记录",
    "entry_missing": "台账记录缺失",
    "entry_changed": "台账记录被改动",
    "entry_unbound": "台账记录前后不衔接",
    "signature_wrong": "台账记录签名不符",
    "key_wrong": "台账签名所用密钥未经登记",
    "head_lost": "台账被截断或者替换",
    "file_changed": "文件内容被改动",
    "file_missing": "文件缺失",
    "file_added": "文件未经登记",
    "file_back": "已登记删除的文件重新出现",
    "figure_differs": "所印数字与数据版本不一致",
}


def send_head(settings: Settings, path: Path, connection: Connection | None = None) -> Sent | None:
    """Mail a kept head to those whom config/sending.yaml names, once; None where it names nobody.

    Raises MailNotSent, MailUncertain.
    """
    to = load_config(settings).ledger.heads_to
    if not to:
        return None
    head = json.loads(path.read_text(encoding="utf-8"))
    at = datetime.fromisoformat(head["time"]).astimezone(SHANGHAI)
    subject = f"审计台账封存记录（第{head['seq']}号，{at.year}年{at.month}月{at.day}日）"
    values = {"head": head, "at": at}
    return send_text(settings, to, subject, f"{heads.MAIL}{head['seq']}", "ledger.txt.j2", values, connection)


def send_findings(settings: Settings, found: Verification, connection: Connection | None = None) -> Sent:
    """Tell the data team what a verification found, once for the same. Raises MailNotSent, MailUncertain."""
    lines = [f"{KIND_ZH[finding.kind]}：{finding.what}" for finding in found.findings]
    key = sha256("\n".join(lines).encode()).hexdigest()[:16]
    values = {"head": None, "lines": lines[:FINDINGS_SHOWN], "count": len(lines)}
    to, subject = load_config(settings).alerts.to, "【核验未通过】审计台账"
    return send_text(settings, to, subject, f"ledger_findings_{key}", "ledger.txt.j2", values, connection)
