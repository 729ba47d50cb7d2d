"""What a partner is told of a delivery that could not be used whole."""

import csv
import io
import re
import zipfile
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pyarrow as pa
import pyrage
import pytest
from pydantic import SecretStr

from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing import batches, quarantine
from worker_services.landing.batches import Manifest
from worker_services.landing.outcomes import Kind, Outcome
from worker_services.mailing import notices
from worker_services.mailing.notices import notify
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings

PARTNER, FEED = "maternity_hospital", "health_services"
NIGHT = Interval.parse("2025-10-25/2025-10-26")
BATCH = "maternity_hospital-health_services-20251025-20251026-0123456789ab"
CITIZEN_ID, PHONE = "220100198001010018", "19900123456"
BROKEN = [
    (3, "", 5, "worker_id", "check_digit", "999999999999999999"),
    (3, "", 5, "service_date", "type_invalid", "9999/99/99"),
    (7, "=cmd", 9, "worker_id", "check_digit", "=AA,9"),
    (8, f"导出{CITIZEN_ID}", 10, "", "ragged_row", "5/11"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(PROJECT_ROOT, tmp_path / "data", tmp_path / "reports")
    settings.data_root.mkdir()
    (settings.data_root / "DEMO").touch()
    return settings


def hold(settings: Settings, broken: list[tuple] = BROKEN) -> None:
    names = ("row_number", "place", "line_number", "column_name", "rule", "value_shape")
    reasons = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in broken])
    held = pa.Table.from_pylist(
        [
            {"row_number": row, "place": "", "line_number": row, "whole": f'{{"电话": "{PHONE}"}}'}
            for row in sorted({row[0] for row in broken})
        ]
    )
    secrets = Secrets(
        worker_key_secret=SecretStr("key"), vault_identity=SecretStr(str(pyrage.x25519.Identity.generate()))
    )
    quarantine.store(
        settings,
        BATCH,
        PARTNER,
        load_contract(FEED),
        NIGHT,
        reasons.to_reader,
        held.to_reader,
        datetime(2025, 10, 26, 18, 30, tzinfo=UTC),
        secrets,
    )


def land(settings: Settings) -> None:
    fields = dict.fromkeys(Manifest.__dataclass_fields__) | {
        "batch_id": BATCH,
        "partner": PARTNER,
        "feed": FEED,
        "interval": NIGHT,
        "rows_received": 120,
        "rows_accepted": 117,
        "rows_quarantined": 3,
        "landed_at": datetime(2025, 10, 26, 18, 30, tzinfo=UTC),
    }
    batches.commit(settings, Manifest(**fields))


def outcome(kind: Kind, batch_id: str | None = BATCH, message: str = "整批退回。文件为空（0 行）。") -> Outcome:
    return Outcome(
        partner=PARTNER,
        feed=FEED,
        interval=NIGHT,
        outcome=kind,
        message_zh=f"浙大妇院吉林医院(长春市妇产医院)「职工健康服务明细」2025-10-25 至 2025-10-25：{message}",
        message_en="",
        batch_id=batch_id,
        recorded_at=datetime(2025, 10, 26, 18, 31, tzinfo=UTC),
    )


def read(path: Path | None) -> EmailMessage:
    assert path is not None
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(message: EmailMessage) -> tuple[str, str]:
    return message.get_body(("html",)).get_content(), message.get_body(("plain",)).get_content()


def test_a_partly_quarantined_batch_is_explained_row_by_row(settings):
    hold(settings)
    land(settings)
    message = read(notify(settings, outcome("partly_quarantined")))
    assert message["To"] == "maternity-hospital@example.com"
    assert message["Subject"] == "【演示】关于“职工健康服务明细”（2025年10月25日）部分记录未能入库的函"
    assert message["Date"] == "Mon, 27 Oct 2025 02:31:00 +0800"
    html, text = bodies(message)
    for body in (html, text):
        assert "浙大妇院吉林医院(长春市妇产医院)：" in body
        assert "120行" in body
        assert "演示数据" in body
        assert "身份证号（公民身份号码）" in body  # the hospital's own header, and ours
        assert "校验码错误" in body
        assert "整体替代" in body
        assert "长春市总工会数据组（data-team@changchun-union.example）" in body
    assert "身份证号（公民身份号码）：校验码错误，2行" in text
    assert "第5行　服务日期：" not in text
    assert "<style" in html and 'style="' in html
    assert not re.search(r"https?://|<img|<script", html)


def test_the_attachment_opens_in_excel_and_has_every_reason(settings):
    hold(settings)
    land(settings)
    (attached,) = read(notify(settings, outcome("partly_quarantined"))).iter_attachments()
    assert attached.get_filename() == "职工健康服务明细_2025年10月25日_问题清单.csv"
    data = attached.get_payload(decode=True)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["工作表或文件", "行号", "列", "原因", "值的样式"],
        ["", "5", "服务日期", "数据类型不符", "「9999/99/99」"],
        ["", "5", "身份证号（公民身份号码）", "校验码错误", "「999999999999999999」"],
        ["'=cmd", "9", "身份证号（公民身份号码）", "校验码错误", "「=AA,9」"],
        ["导出…", "10", "整行", "列数与表头不符", "「5/11」"],
    ]


@pytest.mark.parametrize("kind", ["partly_quarantined", "rejected"])
def test_no_personal_value_is_in_the_mail(settings, kind):
    hold(settings)
    land(settings)
    message = read(notify(settings, outcome(kind)))
    parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    assert len(parts) == 3
    for part in parts:
        assert CITIZEN_ID.encode() not in part
        assert PHONE.encode() not in part


def test_a_rejected_delivery_says_why_and_what_to_do(settings):
    message = read(notify(settings, outcome("rejected", batch_id=None)))
    assert message["Subject"] == "【演示】关于“职工健康服务明细”（2025年10月25日）未能入库的函"
    for body in bodies(message):
        assert "整批退回。文件为空（0 行）。" in body
        assert "此前已入库的数据不受影响" in body
        assert "二、请予办理" in body
        assert "问题明细" not in body
    assert not list(message.iter_attachments())


@pytest.mark.parametrize("kind", ["landed", "missing", "unchanged"])
def test_nobody_is_told_of_what_is_in_order_or_never_came(settings, kind):
    assert notify(settings, outcome(kind)) is None
    assert not settings.reports_root.exists()


def test_nothing_is_told_twice_and_everything_once(settings):
    hold(settings)
    first = notify(settings, outcome("partly_quarantined"))
    sent = first.read_bytes()
    assert notify(settings, outcome("partly_quarantined")) == first
    assert first.read_bytes() == sent
    others = [
        notify(settings, outcome("rejected")),
        notify(settings, outcome("rejected", batch_id=None)),
        notify(settings, outcome("rejected", batch_id=None, message="整批退回。未找到表头。")),
    ]
    assert len({first, *others}) == 4
    assert len(list((settings.reports_root / "outbox").glob("notice_*.eml"))) == 4


def test_a_long_list_is_cut_in_the_mail_and_whole_in_the_attachment(settings):
    hold(settings, [(row, "", row + 1, "worker_id", "check_digit", "9" * 17) for row in range(1, 201)])
    message = read(notify(settings, outcome("rejected")))
    for body in bodies(message):
        assert "前20条，全部200条见附件" in body
        assert body.count("「99999999999999999」") + body.count(">99999999999999999<") == 20
    (attached,) = message.iter_attachments()
    assert len(attached.get_payload(decode=True).splitlines()) == 201


def test_a_list_too_big_for_a_mail_server_is_packed(settings, monkeypatch):
    monkeypatch.setattr(notices, "WHOLE_ATTACHMENT_BYTES", 100)
    hold(settings)
    (attached,) = read(notify(settings, outcome("rejected"))).iter_attachments()
    with zipfile.ZipFile(io.BytesIO(attached.get_payload(decode=True))) as archive:
        (name,) = archive.namelist()
        assert name == "职工健康服务明细_2025年10月25日_问题清单.csv"
        assert archive.read(name).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("interval", "says"),
    [
        ("2025-10-25/2025-10-26", "2025年10月25日"),
        ("2025-10-25/2025-10-27", "2025年10月25日至26日"),
        ("2025-10-25/2025-11-02", "2025年10月25日至11月1日"),
        ("2025-12-25/2026-01-02", "2025年12月25日至2026年1月1日"),
    ],
)
def test_a_period_is_written_as_people_write_it(interval, says):
    assert notices.period(Interval.parse(interval)) == says
