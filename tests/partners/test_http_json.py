"""Each thing that an HTTP API can do, wrong or right, has its outcome; against real servers on loopback."""

import io
import json
import logging
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter

from simulators.deliveries import Alteration, records
from simulators.faults import Faults
from simulators.http_partners import make_app
from simulators.world import World, make_world
from tests.partners.http_servers import breaks_off, drips, http_date, says, scripted, serving
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import http_client, http_json
from worker_services.partners.delivery import DeliveryFault, Receipt
from worker_services.partners.registry import ApiSource, Authentication, Paging, load_partners

NIGHT = Interval.parse("2025-10-26/2025-10-27")
MONTH = Interval.parse("2025-09-01/2025-10-01")
ROWS = [{"id": number, "name": f"甲{number}"} for number in range(5)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(http_client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(http_client, "JITTER_SECONDS", 0.01)


def source(paging: dict | None = None, authentication: dict | None = None, **fields) -> ApiSource:
    return ApiSource(
        kind="http_json",
        path="/rows",
        records=fields.pop("records", "data"),
        authentication=TypeAdapter(Authentication).validate_python(authentication or {"kind": "bearer"}),
        paging=TypeAdapter(Paging).validate_python(paging or {"kind": "none"}),
        **fields,
    )


def fetched(connection: Connection, source: ApiSource, interval: Interval = NIGHT) -> tuple[Receipt, list[dict]]:
    sink = io.BytesIO()
    receipt = http_json.fetch(connection, source, interval, sink)
    return receipt, [json.loads(line) for line in sink.getvalue().decode().splitlines()]


def refused(connection: Connection, source: ApiSource) -> DeliveryFault:
    sink = io.BytesIO()
    with pytest.raises(DeliveryFault) as fault:
        http_json.fetch(connection, source, NIGHT, sink)
    assert "SECRET" not in fault.value.message_zh + fault.value.message_en
    return fault.value


# ---- the simulated partners: every style of paging, every kind of login ----


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


STYLES = [
    ("job_fair_system", "job_applications"),
    ("employment_system", "startup_support"),
    ("safety_inspection", "safety_inspections"),
    ("safety_inspection", "safety_hazards"),
]


def at(port: int, partner: str, password: str = "SECRET") -> Connection:
    return Connection(
        conn_id=f"{partner}_api",
        conn_type="http",
        schema="http",
        host="127.0.0.1",
        port=port,
        login=partner,
        password=password,
    )


def small_pages(source: ApiSource) -> ApiSource:
    if not hasattr(source.paging, "page_size"):
        return source
    return source.model_copy(update={"paging": source.paging.model_copy(update={"page_size": 40})})


@pytest.mark.parametrize(("partner", "feed"), STYLES)
def test_all_pages_of_a_simulated_partner_make_up_the_delivery(world, partner, feed):
    expected = records(world, partner, feed, np.datetime64(MONTH.start), np.datetime64(MONTH.end), Alteration())
    assert len(expected) > 80
    source = small_pages(load_partners()[partner].feeds[feed].source)
    with serving(make_app(world, partner, "SECRET", Faults())) as port:
        receipt, rows = fetched(at(port, partner), source, MONTH)
        assert rows == expected
        assert receipt.declared_rows in (None, len(expected))
        assert (receipt.declared_rows is None) == (source.paging.kind in ("cursor", "link"))
        assert not refused(at(port, partner, "SECRET-of-old"), source).retryable


def test_a_token_that_expires_is_renewed_in_the_middle(world):
    source = small_pages(load_partners()["employment_system"].feeds["startup_support"].source)
    with serving(make_app(world, "employment_system", "SECRET", Faults(), token_seconds=0.05)) as port:
        _, rows = fetched(at(port, "employment_system"), source, MONTH)
    assert len(rows) > 40


@pytest.mark.parametrize(
    ("fault", "value", "message"),
    [
        ("server_error", 2, None),
        ("unavailable", 1, None),
        ("too_many_requests", 1, None),
        ("reset", 1, None),
        ("wrong_length", 1, None),
        ("server_error", None, "HTTP 500"),
        ("unavailable", None, "HTTP 503"),
        ("too_many_requests", None, "HTTP 429"),
        ("reset", None, "cannot reach"),
        ("wrong_length", None, "cannot reach"),
        ("forbidden", None, "refused the login"),
        ("not_found", None, "is not at"),
        ("gone", 1, None),
        ("gone", None, "has expired or was taken away"),
    ],
)
def test_faults_of_a_simulated_partner_pass_or_have_their_outcome(world, monkeypatch, fault, value, message):
    monkeypatch.setattr(http_client, "LONGEST_WAIT_SECONDS", 0.02)
    partner, faults = "job_fair_system", Faults()
    source = load_partners()[partner].feeds["job_fairs"].source
    with serving(make_app(world, partner, "SECRET", faults)) as port:
        faults.switch_on(partner, fault, None, value)
        if message is None:
            assert fetched(at(port, partner), source, MONTH)[1]
        else:
            assert message in refused(at(port, partner), source).message_en


# ---- pages ----


def api(**routes) -> FastAPI:
    """An application whose pages are functions of the request; all under /rows."""
    app = FastAPI()

    @app.get("/rows")
    def read(request: Request) -> Response:
        body, headers = routes["rows"](request)
        return Response(json.dumps(body).encode(), 200, headers, media_type="application/json")

    return app


PAGE = {"kind": "page", "page": "p", "size": "s", "page_size": 2, "pages": "meta.pages", "total": "meta.total"}
OFFSET = {"kind": "offset", "offset": "o", "limit": "l", "page_size": 2, "total": "total"}
CURSOR = {"kind": "cursor", "cursor": "c", "next": "next.cursor", "size": "s", "page_size": 2}


def test_numbered_pages_and_the_parameters_of_the_interval():
    asked = []

    def rows(request):
        asked.append(dict(request.query_params))
        start = (int(request.query_params["p"]) - 1) * 2
        return {"meta": {"pages": 3, "total": 5}, "data": ROWS[start : start + 2]}, None

    parameters = {"from": "{start}", "to": "{end}T00:00", "day": "{first:%Y%m%d}", "last": "{last}"}
    with serving(api(rows=rows)) as port:
        receipt, found = fetched(at(port, "x"), source(PAGE, parameters=parameters))
    assert found == ROWS
    assert receipt == Receipt(source="http_json:/rows", declared_rows=5)
    fixed = {"from": "2025-10-26", "to": "2025-10-27T00:00", "day": "20251026", "last": "2025-10-26", "s": "2"}
    assert asked == [{**fixed, "p": str(number)} for number in (1, 2, 3)]


def test_an_overlap_asks_from_a_moment_before_the_interval():
    found = http_json.parameters(
        source(overlap_minutes=90, parameters={"a": "{start}", "b": "{start:%Y-%m-%d %H:%M:%S}", "c": "{first}"}), NIGHT
    )
    assert found == {"a": "2025-10-25T22:30:00+08:00", "b": "2025-10-25 22:30:00", "c": "2025-10-26"}


def moving(pages: list[dict]):
    """Pages in the order they are asked for."""
    left = list(pages)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0], None)


@pytest.mark.parametrize(
    ("paging", "pages", "message"),
    [
        (PAGE, [{"meta": {"pages": 2, "total": n}, "data": ROWS[:2]} for n in (4, 3)], "total: 4 → 3"),
        (PAGE, [{"meta": {"pages": n, "total": 4}, "data": ROWS[:2]} for n in (2, 3)], "meta.pages: 2 → 3"),
        (PAGE, [{"meta": {"total": 4}, "data": ROWS[:2]}], "meta.pages"),
        (PAGE, [{"meta": {"pages": 1, "total": "many"}, "data": []}], "meta.total"),
        (OFFSET, [{"total": n, "data": ROWS[:2]} for n in (5, 6)], "total: 5 → 6"),
        (OFFSET, [{"total": 5, "data": ROWS[:2]}, {"total": 5, "data": []}], "0 records"),
        (CURSOR, [{"next": {"cursor": "a"}, "data": ROWS[:2]}], "next.cursor: loop"),
        (CURSOR, [{"following": {"cursor": "a"}, "data": ROWS[:2]}], "next.cursor"),
        (PAGE, [{"meta": {"pages": 1, "total": 1}, "rows": ROWS[:1]}], "JSON data"),
        (PAGE, [{"meta": {"pages": 1, "total": 1}, "data": [1]}], "JSON data"),
        (PAGE, [{"meta": {"pages": 900, "total": 0}, "data": []}], "100 empty pages"),
    ],
)
def test_pages_that_contradict_each_other_are_a_bad_answer(paging, pages, message):
    with serving(api(rows=moving(pages))) as port:
        fault = refused(at(port, "x"), source(paging))
    assert message in fault.message_en
    assert message in fault.message_zh
    assert fault.retryable


def test_links_lead_on_and_neither_round_nor_elsewhere():
    links = {"": '</rows?n=1>; rel="next", </rows?n=9>; rel="last"', "1": "<?n=2>; rel=next", "2": "</rows>; rel=prev"}

    def rows(request):
        number = request.query_params.get("n", "")
        return [{"n": number}], {"Link": links[number]}

    one_list = source({"kind": "link"}, records="")
    with serving(api(rows=rows)) as port:
        assert fetched(at(port, "x"), one_list)[1] == [{"n": ""}, {"n": "1"}, {"n": "2"}]
        links["2"] = "</rows?n=1>; rel=next"
        assert "loop" in refused(at(port, "x"), one_list).message_en
        links["2"] = "<https://elsewhere.example/rows>; rel=next"
        assert "other origin" in refused(at(port, "x"), one_list).message_en
        links["2"] = f"<http://localhost:{port}/rows>; rel=next"
        assert "other origin" in refused(at(port, "x"), one_list).message_en


def test_an_expired_cursor_starts_again_and_writes_nothing_twice():
    pages = [
        says({"data": ROWS[:2], "next": {"cursor": "a"}}),
        says(b"", 410),
        says({"data": ROWS[:2], "next": {"cursor": "b"}}),
        says({"data": ROWS[2:], "next": {"cursor": None}}),
    ]
    with scripted(*pages) as server:
        assert fetched(server.connection, source(CURSOR))[1] == ROWS
        assert "c=b" in server.lines[-1]
    changed = [*pages[:2], says({"data": ROWS[1:3], "next": {"cursor": "b"}}), says({"data": [], "next": {}})]
    with scripted(*changed) as server:
        fault = refused(server.connection, source(CURSOR))
        assert "changed while it was read" in fault.message_en
        assert fault.retryable
    shorter = [*pages[:2], says({"data": [], "next": {"cursor": None}})]
    with scripted(*shorter) as server:
        assert "changed while it was read" in refused(server.connection, source(CURSOR)).message_en


# ---- records as they came ----


def test_records_keep_every_digit_and_every_character():
    texts = [
        '{"n":12345678901234567890123456789,"d":1.10,"e":1E+2,"s":"a\\u4e2d\\n","n":2}',
        '{ "deep" : { "list" : [ 1.000 , "]}" ] } }',
        '{"blank":"\u3000 x\u2028"}',
    ]
    body = f'{{"a":{{"data":[9]}},"data":{{"rows":null}},"data":{{"rows":[{texts[0]} ,\n\t{texts[1]},{texts[2]}]}}}}'
    with scripted(says(body.encode())) as server:
        sink = io.BytesIO()
        http_json.fetch(server.connection, source(records="data.rows"), NIGHT, sink)
    assert sink.getvalue().decode() == "".join(f"{text}\n" for text in texts)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=4), _VALUES, max_size=3), max_size=4), st.booleans(), _VALUES)
def test_any_list_of_records_comes_out_line_by_line(rows, is_indented, other):
    body = {"other": other, "a": {"b": rows}, "z": [other]}
    text = json.dumps(body, ensure_ascii=False, indent=2 if is_indented else None, default=str)
    lines = http_json._records(text, json.loads(text), "a.b")
    assert [json.loads(line) for line in lines] == json.loads(text)["a"]["b"]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)


def test_other_encodings_are_read_by_their_name_and_a_bad_byte_is_none_at_all():
    body = json.dumps({"data": [{"name": "张三"}]}, ensure_ascii=False)
    with scripted(says(body.encode("gb18030"), Content_Type="application/json; charset=GBK")) as server:
        assert fetched(server.connection, source())[1] == [{"name": "张三"}]
    with scripted(says(b"\xef\xbb\xbf" + body.encode())) as server:
        assert fetched(server.connection, source())[1] == [{"name": "张三"}]
    with scripted(says(body.encode().replace("张".encode(), b"\xff"))) as server:
        assert "JSON" in refused(server.connection, source()).message_en
    with scripted(says(b'{"data":[{"n":NaN}]}')) as server:
        assert "JSON" in refused(server.connection, source()).message_en
    with scripted(says(b'{"data":' + b"[" * 100_000)) as server:
        assert "JSON" in refused(server.connection, source()).message_en


# ---- who we are ----


def test_keys_and_logins_go_into_their_headers():
    good = says({"data": ROWS})
    for authentication, header in [
        ({"kind": "bearer"}, "authorization: bearer secret"),
        ({"kind": "api_key", "header": "X-Api-Key"}, "x-api-key: secret"),
        ({"kind": "basic"}, f"authorization: basic {b64encode(b'me:SECRET').decode().lower()}"),
    ]:
        with scripted(good) as server:
            fetched(server.connection.model_copy(update={"login": "me"}), source(authentication=authentication))
            assert header in server.requests[0].lower()


OAUTH = {"kind": "oauth2_client_credentials", "token_path": "/token", "scope": "read"}


def test_a_refused_token_is_renewed_once():
    token = says({"access_token": "T1", "token_type": "Bearer", "expires_in": 3600})
    with scripted(token, says(b"", 401), token, says({"data": ROWS})) as server:
        assert fetched(server.connection, source(authentication=OAUTH))[1] == ROWS
        assert [line.split()[1] for line in server.lines] == ["/token", "/rows", "/token", "/rows"]
        assert "grant_type=client_credentials&scope=read" in server.requests[0]
        assert "Bearer T1" in server.requests[1]
    with scripted(token, says(b"", 401), token, says(b"", 401)) as server:
        fault = refused(server.connection, source(authentication=OAUTH))
        assert "refused the login" in fault.message_en
        assert not fault.retryable
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (says({"error": "invalid_client"}, 401), "refused the login"),
        (says({"error": "invalid_client"}, 400), "refused the login"),
        (says({"token": "T1"}), "token: HTTP 200"),
        (says([]), "token: HTTP 200"),
        (says(b"<html>"), "JSON"),
        (says(b"", 404), "token: HTTP 404"),
    ],
)
def test_a_token_that_cannot_be_had_says_why(answer, message):
    with scripted(answer) as server:
        assert message in refused(server.connection, source(authentication=OAUTH)).message_en


def test_neither_secrets_nor_links_are_logged(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    token = says({"access_token": "TOKEN-1", "expires_in": 3600})
    page = says({"data": ROWS, "next": {"cursor": "SIGNED-LINK"}})
    with scripted(token, page, says(b"", 500), says({"data": [], "next": {"cursor": None}})) as server:
        fetched(server.connection, source(CURSOR, OAUTH))
    logged = caplog.text + "".join(capfd.readouterr())
    assert "retry" in logged
    for hidden in ("SECRET", "TOKEN-1", "SIGNED-LINK", "甲1"):
        assert hidden not in logged


# ---- waiting, cuts, drips ----


@pytest.mark.parametrize("is_date", [False, True])
def test_retry_after_is_respected_in_seconds_and_as_a_date(is_date):
    wait = http_date(datetime.now(UTC) + timedelta(seconds=2)) if is_date else "1"
    with scripted(says(b"", 429, Retry_After=wait), says({"data": ROWS})) as server:
        started = time.monotonic()
        assert fetched(server.connection, source())[1] == ROWS
        assert 0.9 < time.monotonic() - started < 30


def test_a_partner_that_asks_for_a_day_is_asked_again_within_reason(monkeypatch):
    monkeypatch.setattr(http_client, "LONGEST_WAIT_SECONDS", 0.1)
    with scripted(says(b"", 503, Retry_After="86400"), says({"data": ROWS})) as server:
        assert fetched(server.connection, source())[1] == ROWS


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30) | st.floats().map(str))
def test_any_retry_after_is_a_wait_within_reason_or_none(text):
    seconds = http_client.retry_after(http_client.httpx.Headers([("Retry-After", text.encode("latin-1"))]))
    assert seconds is None or 0 <= seconds <= http_client.LONGEST_WAIT_SECONDS


@pytest.mark.parametrize(
    "bad",
    [
        breaks_off({"data": ROWS}),
        breaks_off({"data": ROWS}, reset=True),
        breaks_off({"data": ROWS}, 1.0, stated=5000),
        says(b'{"data":[{"id"'),
        lambda client, head: None,
    ],
    ids=["cut off", "reset", "longer than it is", "shorter than it is", "no answer"],
)
def test_a_page_that_broke_off_is_asked_for_again(bad):
    with scripted(bad, says({"data": ROWS})) as server:
        assert fetched(server.connection, source())[1] == ROWS
        assert len(server.requests) == 2
    with scripted(bad) as server:
        fault = refused(server.connection, source())
        assert fault.retryable
        assert len(server.requests) in (2, http_client.ATTEMPTS)


def test_drips_are_cut_off(monkeypatch):
    monkeypatch.setattr(http_client, "DRIP_SECONDS", 0.3)
    monkeypatch.setattr(http_client, "ATTEMPTS", 2)
    with scripted(drips(b'{"data":[]}' * 100, 0.02)) as server:
        started = time.monotonic()
        fault = refused(server.connection, source())
        assert "< 1024 B/s" in fault.message_en
        assert fault.retryable
        assert time.monotonic() - started < 15
    with scripted(drips(b'{"data":[]}', 0.02)) as server:  # slow, and soon done
        assert fetched(server.connection, source())[1] == []


def test_silence_is_cut_off(monkeypatch):
    monkeypatch.setattr(http_client, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(http_client, "ATTEMPTS", 2)
    with scripted(lambda client, head: time.sleep(0.5)) as server:
        assert "ReadTimeout" in refused(server.connection, source()).message_en
    nobody = server.connection
    assert "ConnectError" in refused(nobody, source()).message_en


@pytest.mark.parametrize(
    ("status", "message"),
    [(301, "HTTP 301"), (400, "HTTP 400"), (204, "HTTP 204"), (403, "refused the login"), (404, "is not at")],
)
def test_other_answers_have_their_outcome_at_once(status, message):
    with scripted(says(b"", status, Location="https://elsewhere.example/")) as server:
        assert message in refused(server.connection, source()).message_en
        assert len(server.requests) == 1


def test_an_answer_too_large_to_be_a_page_is_refused(monkeypatch):
    monkeypatch.setattr(http_client, "LARGEST_ANSWER", 1 << 20)
    with scripted(says(b" " * (1 << 20) + b"{}")) as server:
        assert "> 1 MiB" in refused(server.connection, source()).message_en


def test_our_own_full_disk_is_no_fault_of_the_partner():
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    with scripted(says({"data": ROWS})) as server, pytest.raises(OSError, match="No space left"):
        http_json.fetch(server.connection, source(), NIGHT, Full())


def test_a_password_never_shows():
    connection = at(1, "x", "SECRET")
    assert isinstance(connection.password, SecretStr)
    assert "SECRET" not in repr(connection)
