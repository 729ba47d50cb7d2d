"""A partner file on trial, with and without a sample."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from worker_services.partners.check import mistakes_in
from worker_services.partners.cli import partner as cli
from worker_services.partners.registry import PARTNERS, schema_text

INTERVAL = "2025-10-25/2025-10-26"
HEADER = (
    "流水号,姓名,身份证号,联系电话,服务日期,服务项目,所属工会,单位统一社会信用代码,服务券号,满意度,记录状态,备注,科室"
)


def citizen_id(sequence: int) -> str:
    """A number valid in form (GB 11643-1999) of an area that issues no cards."""
    body = f"22010019800101{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def row(number: int, **changed: str) -> str:
    cells = dict(
        zip(
            HEADER.split(","),
            (
                f"F{number}",
                "王某",
                citizen_id(number),
                "19900123456",
                "2025-10-25",
                "眼健康检查",
                "南关区",
                "",
                "",
                "5",
                "",
                "",
                "眼科",
            ),
            strict=True,
        )
    )
    return ",".join((cells | changed).values())


def sample(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "sample.csv"
    path.write_bytes("\r\n".join([header, *rows, f"合计,{len(rows)}" + "," * 11, ""]).encode("gb18030"))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, arguments)])


def tried(path: Path, *rest: object) -> tuple[dict, int]:
    result = run(
        PARTNERS / "maternity_hospital.yaml",
        "--sample",
        path,
        "--feed",
        "health_services",
        "--interval",
        INTERVAL,
        "--json",
        *rest,
    )
    assert result.output, result.exception
    return json.loads(result.output)["feeds"][0], result.exit_code


def test_a_sample_shows_what_maps_to_what_and_how_much_is_accepted(tmp_path):
    rows = [row(number) for number in range(1, 9)]
    rows += [row(9, 身份证号="220100198001010000"), row(10, 服务项目="眼底照相", 满意度="")]
    report, exit_code = tried(sample(tmp_path, *rows))
    assert (report["rows"], report["accepted"], exit_code) == (10, 8, 0)
    mapped = {each["column"]: each for each in report["mapped"]}
    worker = mapped["worker_id"]
    assert (worker["delivered"], worker["label"], worker["is_required"]) == ("身份证号", "公民身份号码", True)
    assert (worker["filled"], worker["accepted"], worker["shape"]) == (1.0, 0.9, "9" * 18)
    assert (mapped["satisfaction_score"]["filled"], mapped["voucher_id"]["filled"]) == (0.9, 0.0)
    assert [each["name"] for each in report["unmapped"]] == ["备注", "科室"]
    assert {(each["column"], each["rule"], each["rows"]) for each in report["reasons"]} == {
        ("worker_id", "check_digit", 1),
        ("service_category", "not_in_code_list", 1),
    }


def test_personal_data_is_found_wherever_it_is_and_never_shown(tmp_path):
    note = f"家属身份证{citizen_id(77)}，电话19911112222"
    report, _ = tried(sample(tmp_path, row(1), row(2, 备注=note, 流水号=f"F{citizen_id(5)}")))
    found = {each["delivered"]: each for each in report["personal"]}
    assert found["身份证号"]["kinds"] == ["citizen_id"]
    assert found["身份证号"]["becomes"] == "worker_id: leaves the door as worker_key"
    assert (found["姓名"]["kinds"], found["联系电话"]["kinds"]) == (["name"], ["phone"])
    assert "dropped at the door" in found["姓名"]["becomes"]
    assert set(found["备注"]["kinds"]) == {"citizen_id", "phone"}
    assert (found["备注"]["is_danger"], "not read" in found["备注"]["becomes"]) == (False, True)
    assert found["流水号"]["is_danger"]
    assert "服务日期" not in found
    shown = run(
        PARTNERS / "maternity_hospital.yaml",
        "--sample",
        tmp_path / "sample.csv",
        "--feed",
        "health_services",
        "--interval",
        INTERVAL,
    )
    for output in (shown.output, json.dumps(report, ensure_ascii=False)):
        assert citizen_id(77) not in output
        assert citizen_id(1) not in output
        assert "19911112222" not in output
        assert "王某" not in output
    assert "WOULD LAND AS IT IS" in " ".join(shown.output.split())
    assert "公民身份号码" in shown.output


def test_a_number_that_only_looks_like_an_id_is_none(tmp_path):
    report, _ = tried(sample(tmp_path, row(1, 备注="单号220100198001010000，20251025199001234567")))
    assert "备注" not in {each["delivered"] for each in report["personal"]}


def test_a_required_column_that_is_gone_fails_and_is_named(tmp_path):
    report, exit_code = tried(sample(tmp_path, row(1), header=HEADER.replace("身份证号", "证件")))
    assert exit_code == 1
    assert "身份证号" in report["fault"]
    assert "证件" in report["fault"]


def test_a_sample_of_which_nothing_would_be_accepted_fails(tmp_path):
    report, exit_code = tried(sample(tmp_path, row(1, 服务日期="昨天")))
    assert (report["accepted"], report["is_ready"], exit_code) == (0, False, 1)


def test_only_the_first_rows_are_looked_at(tmp_path):
    report, _ = tried(sample(tmp_path, *(row(number) for number in range(1, 50))), "--rows", 10)
    assert report["rows"] == 10


def test_without_a_sample_the_partner_is_asked_and_nothing_is_kept(tmp_path, monkeypatch):
    drop, reports = tmp_path / "drop", tmp_path / "house"
    (drop / "outbox").mkdir(parents=True)
    sample(tmp_path, row(1), row(2)).rename(drop / "outbox" / "health_services_20251025_20251025.csv")
    connection = {"conn_type": "fs", "extra": {"path": str(drop)}}
    monkeypatch.setenv("AIRFLOW_CONN_MATERNITY_HOSPITAL_SFTP", json.dumps(connection))
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(reports))
    arguments = (PARTNERS / "maternity_hospital.yaml", "--feed", "health_services", "--json")
    result = run(*arguments, "--interval", INTERVAL)
    assert json.loads(result.output)["feeds"][0]["accepted"] == 2
    assert not reports.exists()
    missing = run(*arguments, "--interval", "2025-10-26/2025-10-27")
    assert missing.exit_code == 1
    assert "health_services_20251026_20251026.csv" in json.loads(missing.output)["feeds"][0]["fault"]
    monkeypatch.delenv("AIRFLOW_CONN_MATERNITY_HOSPITAL_SFTP")
    unset = run(*arguments)
    assert unset.exit_code == 2
    assert "or give --sample" in " ".join(unset.output.split())


def test_every_mistake_of_a_file_is_told_with_its_line(tmp_path):
    text = (PARTNERS / "maternity_hospital.yaml").read_text(encoding="utf-8")
    text = text.replace("domain: health", "domain: wealth").replace(
        "      service_id: 流水号\n", "      shoe_size: 鞋码\n"
    )
    text = text.replace("{市直属: DIR}", "{市直属: NOWHERE}", 1)
    path = tmp_path / "maternity_hospital.yaml"
    path.write_text(text, encoding="utf-8")
    known, mistakes = mistakes_in(path)
    assert known is None
    lines = text.splitlines()
    told = {mistake.message: lines[mistake.line - 1].strip() for mistake in mistakes}
    assert len(told) == 4
    for message, line in (
        ("domain: ", "domain: wealth"),
        ("'shoe_size' is not a column", "shoe_size: 鞋码"),
        ("required column 'service_id'", "columns:"),
        ("NOWHERE not in code list", "organisation_code: {市直属: NOWHERE}"),
    ):
        (there,) = [told[each] for each in told if message in each]
        assert there == line
    result = run(path)
    assert result.exit_code == 1
    assert "NOWHERE" in result.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("partner: [", "no valid YAML"),
        ("- a list", "valid dictionary"),
        ("", "valid dictionary"),
    ],
)
def test_a_file_that_is_no_partner_file_is_told_as_such(tmp_path, text, says):
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    _, mistakes = mistakes_in(path)
    assert says in " ".join(mistake.message for mistake in mistakes)


def test_every_partner_file_of_the_project_is_right():
    paths = sorted(PARTNERS.glob("*.yaml"))
    assert len(paths) >= 6
    assert [mistake for path in paths for mistake in mistakes_in(path)[1]] == []


def test_the_committed_schema_is_the_models():
    assert (PARTNERS / "partner.schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_partner_file_names_the_schema():
    first_lines = {path.read_text(encoding="utf-8").split("\n")[0] for path in PARTNERS.glob("*.yaml")}
    assert first_lines == {"# yaml-language-server: $schema=partner.schema.json"}


def test_the_schema_takes_every_partner_file_and_refuses_a_wrong_one():
    schema = json.loads(schema_text())
    for path in PARTNERS.glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"partner": "x"}, schema)
