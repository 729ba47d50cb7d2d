"""Each simulated partner on its real protocol: credentials, rate limit, faults, and nothing left behind."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import paramiko
import psutil
import psycopg
import pytest

from simulators import Partners
from simulators.database_partner import copy_binaries
from simulators.http_partners import AUTHENTICATION, RESOURCES, STYLES
from simulators.vocabulary import CONNECTION_IDS, FIELDS
from simulators.world import Interval

HISTORY, NIGHT = Interval.parse("2025-01-01/2025-10-25"), Interval.parse("2025-10-26/2025-10-27")
SPAN = {"updated_since": "2025-10-26", "updated_until": "2025-10-27"}
HOSPITAL_FILE = "/outbox/health_services_20251026_20251026.csv"
DATABASE_QUERY = """
    select * from (
        select *, rank() over (partition by ajbh order by gxsj desc) as change_rank
        from ldtj.aj_djb where gxsj >= %(start)s and gxsj < %(end)s
    ) as changes where change_rank = 1 order by gxsj, ajbh, xh
"""


def login(partners: Partners, partner: str, **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(partners.connections[f"AIRFLOW_CONN_{CONNECTION_IDS[partner].upper()}"])
    return {**found, **changes}


def get(partners: Partners, partner: str, resource: str, token: str | None = None, **parameters: Any) -> httpx.Response:
    connection = login(partners, partner)
    headers = {"Authorization": f"Bearer {token or connection['password']}"}
    url = f"http://{connection['host']}:{connection['port']}/api/v1/{resource}"
    while True:
        response = httpx.get(url, params={**SPAN, **parameters}, headers=headers, trust_env=False)
        if response.status_code != 429:
            return response
        time.sleep(float(response.headers["Retry-After"]))


def read_file(partners: Partners, partner: str, path: str, **changes: object) -> bytes:
    connection = login(partners, partner, **changes)
    transport = paramiko.Transport((str(connection["host"]), int(str(connection["port"]))))
    try:
        transport.connect(username=str(connection["login"]), password=str(connection["password"]))
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp
        with sftp.open(path) as file:
            return bytes(file.read())
    finally:
        transport.close()


def query(partners: Partners, statement: str, **changes: object) -> list[tuple[object, ...]]:
    c = login(partners, "mediation_center", **changes)
    with psycopg.connect(
        host=c["host"], port=c["port"], user=c["login"], password=c["password"], dbname=c["schema"]
    ) as database:
        return database.execute(statement, {"start": NIGHT.start, "end": NIGHT.end}).fetchall()


@pytest.mark.parametrize(
    ("partner", "resource"),
    [(p, r) for p, found in RESOURCES.items() for r in found if p not in AUTHENTICATION and (p, r) not in STYLES],
)
def test_http_partner_gives_pages_that_make_up_the_delivery(partners: Partners, partner: str, resource: str) -> None:
    feed = RESOURCES[partner][resource]
    whole = get(partners, partner, resource, page_size=1000).json()
    expected = partners.world.delivered(partner, feed, NIGHT)
    assert (whole["total"], whole["pages"]) == (len(expected), 1)
    assert [set(record) for record in whole["data"]] == [set(FIELDS[partner, feed].values())] * len(expected)
    paged = [get(partners, partner, resource, page=page, page_size=20).json() for page in range(1, 3)]
    assert [row for body in paged for row in body["data"]] == whole["data"][:40]
    assert get(partners, partner, resource, token="wrong").status_code == 401
    assert get(partners, partner, resource, updated_until="").status_code == 400
    assert get(partners, partner, "nothing").status_code == 404


def test_eye_hospital_limits_its_rate_and_history_fits_into_it(partners: Partners) -> None:
    connection = login(partners, "eye_hospital")
    headers = {"Authorization": f"Bearer {connection['password']}"}
    url = f"http://127.0.0.1:{connection['port']}/api/v1/services"
    with httpx.Client(headers=headers, trust_env=False) as client:
        answers = [client.get(url, params=SPAN) for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        time.sleep(1)
        assert client.get(url, params=SPAN).status_code == 200
    started = time.monotonic()
    span: dict[str, Any] = {"updated_since": str(HISTORY.start), "updated_until": str(HISTORY.end), "page_size": 1000}
    first = get(partners, "eye_hospital", "services", **span).json()
    rows = len(first["data"]) + sum(
        len(get(partners, "eye_hospital", "services", **span, page=page).json()["data"])
        for page in range(2, first["pages"] + 1)
    )
    assert rows == first["total"] == len(partners.world.delivered("eye_hospital", "health_services", HISTORY))
    assert time.monotonic() - started < 10


def test_hospital_file_has_title_header_rows_and_total(partners: Partners) -> None:
    raw = read_file(partners, "maternity_hospital", HOSPITAL_FILE)
    rows = list(csv.reader(io.StringIO(raw.decode("gb18030", errors="replace"), newline="")))
    assert "演示数据" in rows[0][0]
    assert rows[1] == list(FIELDS["maternity_hospital", "health_services"].values())
    assert rows[-1][:2] == ["合计", str(len(rows) - 3)]
    assert len(rows) - 3 == len(partners.world.delivered("maternity_hospital", "health_services", NIGHT))


def test_history_file_has_mixed_dates_wide_digits_rare_characters_and_a_bad_byte(partners: Partners) -> None:
    raw = read_file(partners, "maternity_hospital", "/outbox/health_services_20250101_20251024.csv")
    text = raw.decode("gb18030", errors="replace")
    assert all(
        form in text for form in (",2025-07-", ",2025/7/", ",202507", "2025年7月", "２０２５", "䶮", "𠮷", "\u3000")
    )
    with pytest.raises(UnicodeDecodeError):
        raw.decode("gb18030")


def test_training_file_is_utf8_with_bom_and_has_a_checksum(partners: Partners) -> None:
    path = "/export/training_attendances_2025-10-26_2025-10-26.csv"
    raw = read_file(partners, "training_base", path)
    assert raw.startswith(b"\xef\xbb\xbfsign_no,class_no,")
    assert b"\r\n" in raw
    checksum = read_file(partners, "training_base", f"{path}.sha256").decode()
    assert checksum.endswith(f"  {Path(path).name}\n")


@pytest.mark.parametrize("partner", ["maternity_hospital", "training_base"])
def test_sftp_partner_refuses_a_wrong_password_and_keeps_to_its_folder(partners: Partners, partner: str) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        read_file(partners, partner, HOSPITAL_FILE, password="wrong")
    with pytest.raises(paramiko.AuthenticationException):
        read_file(partners, partner, HOSPITAL_FILE, login="mini_program")
    with pytest.raises(OSError):
        read_file(partners, partner, "/../../dirt.jsonl")


def test_database_gives_the_interval_and_takes_no_writes(partners: Partners) -> None:
    rows = query(partners, DATABASE_QUERY)
    expected = partners.world.delivered("mediation_center", "mediation_cases", NIGHT)
    assert [row[1] for row in rows] == list(expected["case_id"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        query(partners, DATABASE_QUERY, password="wrong")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        query(partners, "delete from ldtj.aj_djb_lishi")


def test_partner_down_refuses_connections_and_comes_back_on_its_port(partners: Partners) -> None:
    with partners.faulty("mini_program", "down"), pytest.raises(httpx.ConnectError):
        get(partners, "mini_program", "coupons")
    with partners.faulty("training_base", "down"), pytest.raises((OSError, paramiko.SSHException)):
        read_file(partners, "training_base", HOSPITAL_FILE)
    with partners.faulty("mediation_center", "down"), pytest.raises(psycopg.OperationalError):
        query(partners, DATABASE_QUERY)
    assert get(partners, "mini_program", "coupons").status_code == 200
    assert read_file(partners, "training_base", "/export/training_sessions_2025-10-26_2025-10-26.csv")
    assert query(partners, DATABASE_QUERY)


def test_changed_password_shuts_out(partners: Partners) -> None:
    with partners.faulty("job_fair_system", "wrong_password"):
        assert get(partners, "job_fair_system", "fairs").status_code == 401
    with partners.faulty("maternity_hospital", "wrong_password"), pytest.raises(paramiko.AuthenticationException):
        read_file(partners, "maternity_hospital", HOSPITAL_FILE)
    with partners.faulty("mediation_center", "wrong_password"), pytest.raises(psycopg.OperationalError):
        query(partners, DATABASE_QUERY)
    assert query(partners, DATABASE_QUERY)


def test_files_can_be_cut_emptied_renamed_and_replaced(partners: Partners) -> None:
    def text() -> str:
        return read_file(partners, "maternity_hospital", HOSPITAL_FILE).decode("gb18030", errors="replace")

    before = text()
    with partners.faulty("maternity_hospital", "truncated"):
        cut = text()
        assert before.startswith(cut.rstrip("\ufffd"))
        assert "合计" not in cut
        assert not cut.endswith("\r\n")
    with partners.faulty("maternity_hospital", "empty", feed="health_services"):
        assert text() == ""
    with partners.faulty("maternity_hospital", "header_changed"):
        assert ",服务日期（新）," in text()
    with partners.faulty("maternity_hospital", "replaced"):
        assert len(text().splitlines()) == len(before.splitlines()) - 1
    assert text() == before
    partners.deliver(str(NIGHT))
    assert text() == before


def test_answers_can_fail_be_cut_emptied_renamed_and_late(partners: Partners) -> None:
    def answer() -> httpx.Response:
        return get(partners, "job_fair_system", "postings")

    with partners.faulty("job_fair_system", "server_error", value=1):
        assert [answer().status_code, answer().status_code] == [500, 200]
    with partners.faulty("job_fair_system", "truncated"), pytest.raises(json.JSONDecodeError):
        answer().json()
    with partners.faulty("job_fair_system", "empty", feed="job_postings"):
        assert answer().json() == {"data": [], "page": 1, "pages": 0, "total": 0}
    with partners.faulty("job_fair_system", "header_changed"):
        assert "heldOn_new" in get(partners, "job_fair_system", "fairs").json()["data"][0]
    with partners.faulty("job_fair_system", "slow", value=0.4):
        started = time.monotonic()
        assert answer().status_code == 200
        assert time.monotonic() - started >= 0.4


def test_database_columns_can_change_and_queries_be_slow(partners: Partners) -> None:
    with partners.faulty("mediation_center", "header_changed"), pytest.raises(psycopg.errors.UndefinedColumn):
        query(partners, "select slrq from ldtj.aj_djb")
    with partners.faulty("mediation_center", "slow", value=0.4):
        started = time.monotonic()
        query(partners, DATABASE_QUERY)
        assert time.monotonic() - started >= 0.4
    assert query(partners, "select slrq from ldtj.aj_djb limit 1")


def test_postgresql_runs_from_a_copy(tmp_path: Path) -> None:
    done = subprocess.run([copy_binaries(tmp_path) / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert "PostgreSQL" in done.stdout


@pytest.mark.parametrize("how", ["terminated", "killed", "parent killed"])
def test_no_process_is_left(how: str, tmp_path: Path) -> None:
    start = [
        sys.executable,
        "-m",
        "simulators",
        "--deliver",
        str(NIGHT),
        "--workdir",
        str(tmp_path),
        "--dirt-rate",
        "0",
    ]
    # a shell that waits stands for whoever starts the partners
    shell = subprocess.Popen(["/bin/sh", "-c", '"$@" & wait', "sh", *start], stdout=subprocess.PIPE, text=True)
    assert shell.stdout
    assert json.loads(shell.stdout.readline())["ready"]
    (city,) = psutil.Process(shell.pid).children()
    everyone = [city, *city.children(recursive=True)]
    assert any(process.name() == "postgres" for process in everyone)
    if how == "parent killed":
        shell.kill()
    else:
        os.kill(city.pid, signal.SIGTERM if how == "terminated" else signal.SIGKILL)
    _, alive = psutil.wait_procs(everyone, timeout=120)
    shell.wait()
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
