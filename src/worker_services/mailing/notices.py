"""The mail that tells a partner of a delivery that could not be used whole: what came, what became of it, what to do.

It names rows, columns and rules, and what a value looks like; never a value.
"""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import css_inline
import duckdb
import pyarrow as pa
import pyarrow.csv
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import BaseModel, ConfigDict

from worker_services.connections import Connection
from worker_services.contracts import load_contract
from worker_services.intervals import SHANGHAI, Interval, utc_now
from worker_services.landing import batches, outcomes, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.outcomes import LOOK_BACK, Outcome
from worker_services.mailing.config import load_config as load_sending_config
from worker_services.mailing.outbox import enter, send_once
from worker_services.partners.registry import Feed, Partner, load_partners
from worker_services.seeds import read_seed
from worker_services.settings import Settings

ROWS_IN_THE_MAIL = 20
COUNTS_IN_THE_MAIL = 15
WHOLE_ATTACHMENT_BYTES = 4 << 20  # beyond this the list goes as a ZIP: mail servers commonly refuse 20 MB
CSV_HEADER = ["工作表或文件", "行号", "列", "原因", "值的样式"]
NOTHING_BROKEN = pa.table({"place": [], "line_number": [], "column": [], "rule": [], "shape": []})


class NoticesConfig(BaseModel):
    """config/notices.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender_name: str
    sender: str
    ask: str
    signature: str
    demo_notice: str


@dataclass(frozen=True)
class Notice:
    """Everything that a partner is told of one batch.

    `broken`: place, line_number, column, rule, shape in the partner's words; one row for each broken rule, by row.
    """

    partner: Partner
    feed_label: str
    outcome: Outcome
    manifest: Manifest | None
    broken: pa.Table
    config: NoticesConfig
    is_demo: bool

    @property
    def is_rejected(self) -> bool:
        return self.outcome.outcome == "rejected"

    @property
    def period(self) -> str:
        return period(self.outcome.interval)

    @property
    def what_is_wrong(self) -> str:
        """The outcome's message without the names that the mail states already."""
        if self.broken.num_rows:
            return f"{self.rows_held}行全部不符合双方约定的数据要求，疑为导出口径有误，整批退回。逐行原因见下。"
        return self.outcome.message_zh.partition("：")[2] or self.outcome.message_zh

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """Column, rule and how many rows, the most frequent first."""
        counted = self.broken.group_by(["column", "rule"]).aggregate([("line_number", "count")]).to_pylist()
        rows = [(each["column"], each["rule"], each["line_number_count"]) for each in counted]
        return sorted(rows, key=lambda row: (-row[2], row[:2]))

    @property
    def rows_held(self) -> int:
        return int(self.broken.group_by(["place", "line_number"]).aggregate([]).num_rows)

    @property
    def key(self) -> str:
        """The same for the same batch and fault, so that a night run again tells nobody twice."""
        outcome = self.outcome
        if outcome.batch_id:
            return f"{outcome.batch_id}_{outcome.outcome}"
        said = sha256(outcome.message_zh.encode()).hexdigest()[:8]
        interval = f"{outcome.interval.start:%Y%m%d}-{outcome.interval.end:%Y%m%d}"
        return f"{outcome.partner}-{outcome.feed}-{interval}-{said}_{outcome.outcome}"

    @property
    def subject(self) -> str:
        what = "未能入库" if self.is_rejected else "部分记录未能入库"
        return f"{'【演示】' if self.is_demo else ''}关于“{self.feed_label}”（{self.period}）{what}的函"


def notify(settings: Settings, outcome: Outcome, connection: Connection | None = None) -> Path | None:
    """Write to the partner about a bad batch; where the mail lies, or None where there is nothing to write about.

    By SMTP when a connection is given; kept in <reports>/outbox either way, and never sent twice. Raises MailNotSent,
    MailUncertain.
    """
    if outcome.outcome not in ("rejected", "partly_quarantined"):
        return None
    notice = read_notice(settings, outcome)
    path = settings.reports_root / "outbox" / f"notice_{notice.key}.eml"
    message = compose(settings.project_root / "templates", notice)
    send_once(path, message, ", ".join(notice.partner.notify), connection, load_sending_config(settings).smtp)
    enter(settings, path)
    return path


def notify_all(
    settings: Settings, suppliers: Iterable[tuple[str, str]], interval: Interval, connection: Connection | None = None
) -> list[Path]:
    """Write about every bad batch of the interval and of the nights that it looked back to, where not yet written.

    Raises MailNotSent, MailUncertain; what had not been sent by then is sent by the next call.
    """
    written = []
    for partner, feed in suppliers:
        for outcome in outcomes.nights(settings, partner, feed):
            if interval.start - LOOK_BACK <= outcome.interval.last_day <= interval.last_day:
                path = notify(settings, outcome, connection)
                written += [path] if path else []
    return written


def read_notice(settings: Settings, outcome: Outcome) -> Notice:
    """Gather what is known of a bad batch."""
    partner = load_partners()[outcome.partner]
    landed = batches.of_interval(settings, outcome.partner, outcome.feed, outcome.interval)
    held = quarantine.find(settings, outcome.batch_id) if outcome.batch_id else None
    return Notice(
        partner=partner,
        feed_label=load_contract(outcome.feed).label,
        outcome=outcome,
        manifest=next((item for item in landed if item.batch_id == outcome.batch_id), None),
        broken=_broken(held.path, outcome.feed, partner.feeds[outcome.feed]) if held else NOTHING_BROKEN,
        config=load_config(settings),
        is_demo=settings.is_demo,
    )


def load_config(settings: Settings) -> NoticesConfig:
    return _load(settings.project_root / "config" / "notices.yaml")


def compose(templates: Path, notice: Notice) -> bytes:
    """The message as it goes over the wire; the same notice gives the same bytes."""
    config, key = notice.config, notice.key
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(config.sender_name, addr_spec=config.sender)
    message["To"] = [Address(addr_spec=recipient) for recipient in notice.partner.notify]
    message["Subject"] = notice.subject
    message["Date"] = format_datetime((notice.outcome.recorded_at or utc_now()).astimezone(SHANGHAI))
    message["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:32]}@{config.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    html, text = bodies(templates, notice)
    message.set_content(text, cte="base64")
    message.add_alternative(html, subtype="html", cte="base64")
    if notice.broken.num_rows:
        name = f"{notice.feed_label}_{notice.period}_问题清单.csv"
        table = csv_bytes(notice)
        if len(table) <= WHOLE_ATTACHMENT_BYTES:
            message.add_attachment(table, maintype="text", subtype="csv", filename=name)
        else:
            packed = _zipped(name, table)
            message.add_attachment(packed, maintype="application", subtype="zip", filename=f"{name}.zip")
    message["Content-Language"] = "zh-CN"  # setting the content drops headers that describe it
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={sha256(key.encode()).hexdigest()[:24]}.{number}=")
    return message.as_bytes()


def bodies(templates: Path, notice: Notice) -> tuple[str, str]:
    """The mail as HTML with its styles inlined, and as text."""
    environment = Environment(
        loader=FileSystemLoader(templates / "mail"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = {
        "n": notice,
        "counts": notice.counts[:COUNTS_IN_THE_MAIL],
        "lines": notice.broken.slice(0, ROWS_IN_THE_MAIL).to_pylist(),
        "written_on": (notice.outcome.recorded_at or utc_now()).astimezone(SHANGHAI).date(),
    }
    html = environment.get_template("partner_notice.html.j2").render(values)
    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
    return inliner.inline(html), environment.get_template("partner_notice.txt.j2").render(values)


def csv_bytes(notice: Notice) -> bytes:
    """The whole list, for Excel: UTF-8 with a byte-order mark. Shapes stand in 「」, or Excel makes numbers of them."""
    place, column = _no_formula("place"), _no_formula('"column"')
    with duckdb.connect() as engine:
        engine.register("broken", notice.broken)
        table = engine.execute(
            f"select {place}, line_number, {column}, rule, '「' || shape || '」' from broken"
        ).to_arrow_table()
    file = io.BytesIO()
    file.write(b"\xef\xbb\xbf")
    options = pyarrow.csv.WriteOptions(quoting_style="needed", eol="\r\n")
    pyarrow.csv.write_csv(table.rename_columns(CSV_HEADER), file, options)
    return file.getvalue()


def period(interval: Interval) -> str:
    """The days of an interval as a person writes them: 2025年10月25日, 2025年10月25日至26日."""
    first, last = interval.start, interval.last_day
    begins = f"{first.year}年{first.month}月{first.day}日"
    if first == last:
        return begins
    if (first.year, first.month) == (last.year, last.month):
        return f"{begins}至{last.day}日"
    year = "" if first.year == last.year else f"{last.year}年"
    return f"{begins}至{year}{last.month}月{last.day}日"


def _broken(path: Path, feed_name: str, feed: Feed) -> pa.Table:
    contract = load_contract(feed_name)
    rules = {rule["rule"]: rule["rule_zh"] for rule in read_seed("rules/rules")}
    names = {"": contract.label_of("")} | {
        column.name: _column_name(column.label, feed.columns.get(column.name, ())) for column in contract.columns
    }
    with duckdb.connect() as engine:
        engine.register("names", pa.table({"column_name": list(names), "name": list(names.values())}))
        engine.register("rules", pa.table({"rule": list(rules), "rule_zh": list(rules.values())}))
        return engine.execute(
            r"""
            select
                regexp_replace(place, '\d{11,}', '…', 'g') as place,  -- who names a sheet after a person's number
                line_number,
                names.name as column,
                rules.rule_zh as rule,
                value_shape as shape
            from read_parquet($path) as reasons
            inner join names using (column_name)
            inner join rules using (rule)
            order by row_number, column_name, reasons.rule
            """,
            {"path": str(path)},
        ).to_arrow_table()


def _column_name(label: str, delivered: tuple[str, ...]) -> str:
    """A column as the partner knows it, with our name for it where that is another."""
    return f"{delivered[0]}（{label}）" if delivered and delivered[0] != label else label


def _no_formula(cell: str) -> str:
    """SQL: the cell, with a quote before what Excel would take for a formula."""
    return f"if(regexp_matches({cell}, '^[=+@\\t\\r-]'), '''' || {cell}, {cell})"


def _zipped(name: str, data: bytes) -> bytes:
    """A ZIP of one file, the same bytes for the same file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


@cache
def _load(path: Path) -> NoticesConfig:
    return NoticesConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
