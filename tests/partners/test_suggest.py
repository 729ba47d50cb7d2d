"""Drafting a partner file from a sample, and trying what was drafted."""

import io
import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from click.testing import CliRunner, Result

from tests.partners.test_check import citizen_id
from worker_services.contracts import load_contract
from worker_services.intervals import Interval
from worker_services.landing.reading import UnreadableDelivery
from worker_services.partners.cli import partner as cli
from worker_services.partners.registry import Partner
from worker_services.partners.suggest import draft, resemblance, suggest

DAY = Interval.parse("2025-10-25/2025-10-26")
CHINESE = [
    "就诊流水",
    "患者姓名",
    "身份证号码",
    "手机号",
    "就诊日期",
    "服务类别",
    "所属区县工会",
    "满意度评价",
    "家庭住址",
]
CATEGORIES = ["眼健康检查", "体重管理", "眼科检查"]
UNIONS = ["南关区", "宽城区", "朝阳区总工会", "市直"]


def rows(count: int = 24) -> list[list[str]]:
    return [
        [
            f"LS{number:05d}",
            "王某",
            citizen_id(number),
            "19900123456",
            f"2025年10月{number % 20 + 1}日",
            CATEGORIES[number % 3],
            UNIONS[number % 4],
            str(number % 5 + 1),
            "某街一号",
        ]
        for number in range(1, count + 1)
    ]


def table(header: list[str], delimiter: str = ",") -> bytes:
    return "\n".join(delimiter.join(row) for row in [header, *rows()]).encode("gb18030")


def matched(path: Path, feed: str = "health_services") -> dict[str, str]:
    return {match.column.name: match.delivered for match in suggest(path, feed, DAY).matches}


EXPECTED = {
    "service_id": "就诊流水",
    "worker_name": "患者姓名",
    "worker_id": "身份证号码",
    "phone": "手机号",
    "service_date": "就诊日期",
    "service_category": "服务类别",
    "organisation_code": "所属区县工会",
    "satisfaction_score": "满意度评价",
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


def test_a_table_is_mapped_by_its_names(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(b"\xd2\xbd\xd4\xba\xb5\xbc\xb3\xf6\n\n" + table(CHINESE))  # a title above the header
    assert matched(path) == EXPECTED


def test_names_that_say_nothing_leave_ids_and_codes_to_their_values(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(table([f"f{number}" for number in range(len(CHINESE))], ";"))
    found = matched(path)
    assert found["worker_id"] == "f2"
    assert found.get("service_category", "f5") == "f5"
    assert set(found) <= {"worker_id", "phone", "service_category", "organisation_code"}


def test_a_workbook_with_titles_and_an_archive_are_read_alike(tmp_path):
    path = tmp_path / "服务明细20251025.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("10月")
        sheet.merge_range(0, 0, 0, 8, "服务明细表")
        for number, cells in enumerate([CHINESE, *rows()], start=2):
            sheet.write_row(number, 0, cells)
    assert matched(path) == EXPECTED
    assert suggest(path, "health_services", DAY).source.path == "/outbox/服务明细{first:%Y%m%d}.xlsx"
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", table(CHINESE))
    assert matched(packed) == EXPECTED
    assert suggest(packed, "health_services", DAY).source.archive == "zip"


def test_a_total_row_and_days_in_the_name_are_noticed(tmp_path):
    path = tmp_path / "export_2025-10-01_2025-10-25.csv"
    path.write_bytes(table(CHINESE) + "\n合计,24,,,,,,,".encode("gb18030"))
    source = suggest(path, "health_services", DAY).source
    assert source.has_total_row
    assert source.path == "/outbox/export_{first:%Y-%m-%d}_{last:%Y-%m-%d}.csv"


def test_records_in_a_document_are_found_and_camel_case_is_understood(tmp_path):
    names = ["serviceId", "workerName", "workerId", "phone", "serviceDate", "serviceCategory", "org", "score", "doctor"]
    path = tmp_path / "answer.json"
    records = [dict(zip(names, row, strict=True)) for row in rows()]
    path.write_text(json.dumps({"meta": {"page": 1}, "data": {"items": records}}, ensure_ascii=False), "utf-8")
    suggestion = suggest(path, "health_services", DAY)
    assert suggestion.source.records == "data.items"
    found = {match.column.name: match.delivered for match in suggestion.matches}
    assert found["service_id"] == "serviceId"
    assert found["service_date"] == "serviceDate"
    assert found["organisation_code"] == "org"  # by its values


def test_unknown_codes_are_listed_with_a_guess_where_one_resembles(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes(table(CHINESE))
    unknown = suggest(path, "health_services", DAY).unknown_codes
    assert [(code.value, code.rows, code.guess) for code in unknown["service_category"]] == [
        ("眼科检查", 8, "eye_examination")
    ]
    assert [code.value for code in unknown["organisation_code"]] == ["市直"]


def test_the_draft_is_a_partner_file_once_a_person_has_filled_it(tmp_path):
    path = tmp_path / "export_20251025.csv"
    path.write_bytes(table(CHINESE))
    text = draft(suggest(path, "health_services", DAY), "fifth_hospital")
    assert text.startswith("# yaml-language-server: $schema=partner.schema.json\n")
    for said in ("家庭住址", "employer_credit_code", "personal data", "公民身份号码", "市直"):
        assert said in text
    for secret in (citizen_id(1), "王某", "某街一号", "19900123456"):
        assert secret not in text
    said_by_a_person = {"name": "第五医院", "name_en": "Fifth", "type": "hospital", "contact": "信息科"}
    document = yaml.safe_load(text) | said_by_a_person | {"notify": ["it@hospital.example"]}
    partner = Partner.model_validate(document)
    assert partner.feeds["health_services"].codes["service_category"] == {"眼科检查": "eye_examination"}


def test_what_was_drafted_can_be_tried_at_once(tmp_path):
    path, drafted = tmp_path / "export.csv", tmp_path / "fifth_hospital.yaml"
    path.write_bytes(table(CHINESE))
    arguments = ("suggest", "--sample", path, "--feed", "health_services", "--partner", "fifth_hospital")
    assert run(*arguments, "--output", drafted).exit_code == 0
    again = run(*arguments, "--output", drafted)
    assert again.exit_code == 1
    assert "there already" in again.output
    filled = (
        drafted.read_text(encoding="utf-8")
        .replace("\nname: ''", "\nname: 第五医院")
        .replace("name_en: ''", "name_en: Fifth")
        .replace("type: ''", "type: hospital")
        .replace("contact: ''", "contact: x")
    )
    drafted.write_text(filled.replace("notify: []", "notify: [it@hospital.example]"), encoding="utf-8")
    result = run("check", drafted, "--sample", path, "--interval", str(DAY), "--json")
    report = json.loads(result.output)["feeds"][0]
    assert (report["rows"], report["accepted"]) == (24, 18)  # but those of 市直, which a person has to map
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.pdf", b"%PDF", ValueError),
        ("a.csv", b"", UnreadableDelivery),
        ("a.csv", ",".join(CHINESE).encode(), UnreadableDelivery),
        ("a.zip", b"", ValueError),
        ("a.xlsx", b"PK", ValueError),
        ("a.json", b"{", ValueError),
        ("a.json", b"{}", UnreadableDelivery),
    ],
)
def test_what_is_no_sample_is_refused(tmp_path, name, content, error):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error):
        suggest(path, "health_services", DAY)
    result = run("suggest", "--sample", path, "--feed", "health_services")
    assert (result.exit_code, result.output.startswith("Error: ")) == (1, True)


def test_a_name_resembles_its_own_column_best():
    contract = load_contract("health_services")
    for column in contract.columns:
        best = max(contract.columns, key=lambda each: resemblance(each, column.label))
        assert best.name == column.name


def test_a_zip_without_tables_says_so(tmp_path):
    path, content = tmp_path / "a.zip", io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.md", "")
    path.write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="no member"):
        suggest(path, "health_services", DAY)
