"""Bulk export from a real FHIR server on loopback, and from one that does everything wrong: each has its outcome."""

import io
import json
import re

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators import fhir_partner
from simulators.faults import Faults
from simulators.world import World, make_world
from tests.partners.http_servers import breaks_off, head, says, scripted, serving
from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import fhir_bulk, http_client
from worker_services.partners.delivery import DeliveryFault
from worker_services.partners.registry import FhirSource

NIGHT = Interval.parse("2025-10-26/2025-10-27")
PRIVATE, PUBLIC = fhir_partner.make_key()
SOURCE = FhirSource(
    kind="fhir_bulk",
    group=fhir_partner.GROUP,
    anchor="Encounter",
    links={"Patient": {"from": "subject"}, "Procedure": {"to": "encounter"}, "Observation": {"to": "encounter"}},
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(http_client, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(http_client, "JITTER_SECONDS", 0.01)
    monkeypatch.setattr(http_client, "LONGEST_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(fhir_bulk, "POLL_SECONDS", (0.01, 0.02))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def connection(port: int, private_key: str = PRIVATE, **extra) -> Connection:
    known = fhir_partner.connection(port, private_key)
    return Connection(conn_id="jiahe_hospital_fhir", **{**known, "extra": {**known["extra"], **extra}})


def fetched(connection: Connection, source: FhirSource = SOURCE, interval: Interval = NIGHT) -> list[dict]:
    sink = io.BytesIO()
    receipt = fhir_bulk.fetch(connection, source, interval, sink)
    assert receipt.source == "fhir_bulk:/fhir/Group/union-members"
    assert sink.getvalue().endswith(b"\n")
    return [json.loads(line) for line in sink.getvalue().split(b"\n")[:-1]]


def refused(connection: Connection, source: FhirSource = SOURCE) -> DeliveryFault:
    with pytest.raises(DeliveryFault) as fault:
        fhir_bulk.fetch(connection, source, NIGHT, io.BytesIO())
    shown = fault.value.message_zh + fault.value.message_en
    assert not any(secret in shown for secret in ("PRIVATE", "TOKEN", *PRIVATE.split("\n")[1:-2]))
    return fault.value


# ---- the simulated hospital ----


def test_an_export_holds_what_changed_and_the_people_it_is_about(world):
    app = fhir_partner.make_app(world, PUBLIC, Faults())
    with serving(app) as port:
        resources = fetched(connection(port))
        assert resources == fetched(connection(port))
    assert app.state.jobs == {}  # each job was deleted
    visits = [resource for resource in resources if resource["resourceType"] == "Encounter"]
    since = "2025-09-25T00:00:00"
    delivered = [row for row in visits if row["meta"]["lastUpdated"] >= "2025-10-26"]
    assert len(delivered) == len(world.delivered("jiahe_hospital", "health_services", NIGHT))
    assert all(since <= row["meta"]["lastUpdated"] < "2025-10-27" for row in visits)
    assert len(visits) > len(delivered)
    people = {resource["id"] for resource in resources if resource["resourceType"] == "Patient"}
    assert people == {visit["subject"]["reference"].removeprefix("Patient/") for visit in visits}
    asked = [resource for resource in resources if resource["resourceType"] == "Parameters"]
    assert [parameter["valueString"] for parameter in asked[0]["parameter"]] == [
        "Encounter,Procedure,Observation",
        "2025-09-24T23:59:59.999+08:00",
        "2025-10-27T00:00:00.000+08:00",
        "application/fhir+ndjson",
    ]
    assert len(asked) == 2


def test_deletions_are_delivered_as_bundles(world):
    months = Interval.parse("2025-06-01/2025-10-25")
    with serving(fhir_partner.make_app(world, PUBLIC, Faults(), deletes=["health_services"])) as port:
        bundles = [row for row in fetched(connection(port), interval=months) if row["resourceType"] == "Bundle"]
    assert bundles
    assert {bundle["entry"][0]["request"]["method"] for bundle in bundles} == {"DELETE"}


@pytest.mark.parametrize("kind", ["RSA", "JWK", "JWK text"])
def test_keys_are_taken_as_pem_and_as_jwk(world, kind):
    if kind == "RSA":
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with serving(fhir_partner.make_app(world, public.decode(), Faults())) as port:
            assert fetched(connection(port, private))
        return
    from jwt.algorithms import ECAlgorithm

    loaded = serialization.load_pem_private_key(PRIVATE.encode(), None)
    jwk = ECAlgorithm.to_jwk(loaded, as_dict=True)
    with serving(fhir_partner.make_app(world, PUBLIC, Faults())) as port:
        assert fetched(connection(port, private_key=jwk if kind == "JWK" else json.dumps(jwk)))


def test_a_wrong_key_is_a_refused_login_and_shows_nothing(world):
    other, _ = fhir_partner.make_key()
    with serving(fhir_partner.make_app(world, PUBLIC, Faults())) as port:
        for wrong in (other, "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----", "", '{"kty":"EC"}'):
            fault = refused(connection(port, wrong))
            assert "refused the login" in fault.message_en
            assert "jiahe_hospital_fhir" in fault.message_zh
            assert not fault.retryable


def test_an_unknown_group_is_not_delivered(world):
    with serving(fhir_partner.make_app(world, PUBLIC, Faults())) as port:
        fault = refused(connection(port), SOURCE.model_copy(update={"group": "nobody"}))
    assert "/fhir/Group/nobody/$export is not at" in fault.message_en


@pytest.mark.parametrize(
    ("fault", "value", "message"),
    [
        ("server_error", 2, None),
        ("unavailable", 2, None),
        ("too_many_requests", 2, None),
        ("reset", 3, None),
        ("wrong_length", 3, None),
        ("expired_link", 1, None),
        ("expired_link", None, "has expired or was taken away"),
        ("export_errors", 1, "1 OperationOutcome error, 1 files"),
        ("unavailable", None, "HTTP 503"),
        ("forbidden", None, "refused the login"),
        ("wrong_password", None, "refused the login"),
    ],
)
def test_faults_of_the_hospital_pass_or_have_their_outcome(world, fault, value, message):
    faults = Faults()
    app = fhir_partner.make_app(world, PUBLIC, faults)
    with serving(app) as port:
        sound = fetched(connection(port))
        faults.switch_on("jiahe_hospital", fault, None, value)
        if message is None:
            assert fetched(connection(port)) == sound
        else:
            found = refused(connection(port))
            assert message in found.message_en
            assert found.retryable == ("login" not in message)
    assert app.state.jobs == {}


def test_a_token_that_expires_in_the_middle_is_renewed(world, monkeypatch):
    monkeypatch.setattr(fhir_partner, "TOKEN_SECONDS", 0.02)
    with serving(fhir_partner.make_app(world, PUBLIC, Faults())) as port:
        assert fetched(connection(port))


# ---- a scripted server: what goes wrong in the middle ----

LINES = [
    json.dumps({"resourceType": "Encounter", "id": str(n), "subject": {"reference": "Patient/p"}}) for n in range(9)
]
FILE = "".join(f"{line}\n" for line in LINES).encode()
ALONE = SOURCE.model_copy(update={"links": {}})


def server(file_answers: list, *, manifest: dict | None = None, accepted=None, polls: list | None = None):
    """A scripted server; the answers for the file come in turn, the last one for ever."""
    left, waiting = list(file_answers), list(polls or [])
    listed = {
        "transactionTime": "2025-10-27T01:00:00+08:00",
        "requiresAccessToken": True,
        "output": [{"type": "Encounter", "url": "/fhir/files/1"}],
        "deleted": [],
        "error": [],
        **(manifest or {}),
    }

    def answer(client, request):
        path = request.split(" ")[1]
        if path.endswith("smart-configuration"):
            return says({"token_endpoint": "/fhir/token", "capabilities": []})(client, request)
        if path == "/fhir/token":
            return says({"access_token": "TOKEN", "expires_in": 300})(client, request)
        if "$export" in path:
            return (accepted or says(b"", 202, Content_Location="/fhir/jobs/1"))(client, request)
        if path == "/fhir/jobs/1" and request.startswith("GET"):
            return (waiting.pop(0) if waiting else says(listed))(client, request)
        if path == "/fhir/jobs/1":
            return says(b"", 202)(client, request)
        return (left.pop(0) if len(left) > 1 else left[0])(client, request)

    return scripted(answer)


def ranges(running) -> list[str]:
    """The Range that each request for the file had, '' where it had none."""
    asked = [request.lower() for request in running.requests if "/fhir/files/1" in request]
    found = [re.search(r"(?m)^range: (.*?)\r$", request) for request in asked]
    return [match[1] if match else "" for match in found]


def cut(position: int, **headers: str):
    """The file, cut off at a byte."""

    def answer(client, _):
        client.sendall(head(200, len(FILE), **headers) + FILE[:position])

    return answer


def test_a_file_that_breaks_off_is_taken_up_where_it_broke_off():
    whole = {"ETag": '"v1"', "Accept_Ranges": "bytes"}
    position = len(FILE) // 2 + 3
    rest = says(FILE[position:], 206, Content_Range=f"bytes {position}-{len(FILE) - 1}/{len(FILE)}")
    with server([cut(position, **whole), rest]) as running:
        assert [row["id"] for row in fetched(connection(running.port), ALONE)[1:]] == [str(n) for n in range(9)]
        assert ranges(running) == ["", f"bytes={position}-"]
        assert any('if-range: "v1"' in request.lower() for request in running.requests)
    wrong = says(FILE[5:], 206, Content_Range=f"bytes 5-{len(FILE) - 1}/{len(FILE)}")
    with server([cut(position, **whole), wrong]) as running:
        assert "Content-Range" in refused(connection(running.port), ALONE).message_en


@pytest.mark.parametrize(
    "headers", [{}, {"ETag": 'W/"v1"', "Accept_Ranges": "bytes"}, {"ETag": '"v1"'}], ids=["plain", "weak", "no ranges"]
)
def test_a_file_without_ranges_is_read_again_and_nothing_is_written_twice(headers):
    with server([cut(300, **headers), cut(500, **headers), says(FILE)]) as running:
        assert [row["id"] for row in fetched(connection(running.port), ALONE)[1:]] == [str(n) for n in range(9)]
        assert ranges(running) == ["", "", ""]


def test_a_file_that_comes_out_different_discards_the_whole():
    changed = FILE.replace(b'"id": "0"', b'"id": "X"')
    with server([cut(300), says(changed)]) as running:
        fault = refused(connection(running.port), ALONE)
        assert "changed while it was read" in fault.message_en
        assert fault.retryable


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_expires_in_the_middle_starts_a_fresh_export(status):
    two = {"output": [{"type": "Encounter", "url": f"/fhir/files/{n}"} for n in (1, 2)]}
    with server([says(FILE), says(b"", status), says(FILE)], manifest=two) as running:
        assert len(fetched(connection(running.port), ALONE)) == 1 + 18
        assert sum("$export" in line for line in running.lines) == 2
        assert sum(line.startswith("DELETE") for line in running.lines) == 2
    with server([says(FILE), says(b"", status)], manifest=two) as running:
        fault = refused(connection(running.port), ALONE)
        assert "has expired or was taken away" in fault.message_en
        assert fault.retryable


@pytest.mark.parametrize("bad", [breaks_off(FILE), breaks_off(FILE, reset=True)], ids=["cut off", "reset"])
def test_a_file_that_never_comes_whole_is_unreachable(bad):
    with server([bad]) as running:
        fault = refused(connection(running.port), ALONE)
        assert "cannot reach" in fault.message_en
        assert fault.retryable
        assert running.lines[-1].startswith("DELETE /fhir/jobs/1")


def test_polls_wait_as_long_as_they_are_told(monkeypatch):
    waits = []
    monkeypatch.setattr(fhir_bulk.time, "sleep", waits.append)
    monkeypatch.setattr(http_client, "LONGEST_WAIT_SECONDS", 60.0)
    polls = [says(b"", 202, Retry_After="7", X_Progress="10%"), says(b"", 202), says(b"", 202)]
    with server([says(FILE)], polls=polls) as running:
        fetched(connection(running.port), ALONE)
    assert waits == [7.0, 0.02, 0.02]


def test_an_export_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(fhir_bulk, "EXPORT_SECONDS", 0.1)
    polls = [says(b"", 202, X_Progress="王某 is at 37 % of it")] * 100
    with server([says(FILE)], polls=polls) as running:
        fault = refused(connection(running.port), ALONE)
        assert "37 %" in fault.message_en
        assert "王" not in fault.message_en + fault.message_zh
        assert running.lines[-1].startswith("DELETE")


@pytest.mark.parametrize(
    ("arrangement", "message"),
    [
        ({"accepted": says(b"", 202)}, "Content-Location"),
        ({"accepted": says(b"", 202, Content_Location="https://elsewhere.example/jobs/1")}, "other origin"),
        ({"accepted": says({"resourceType": "OperationOutcome"}, 400)}, "HTTP 400"),
        ({"manifest": {"output": [{"type": "Encounter", "url": "https://elsewhere.example/1"}]}}, "other origin"),
        ({"manifest": {"output": [{"type": "Encounter"}]}}, "$export"),
        ({"manifest": {"output": [{"type": "Encounter", "url": "/fhir/files/1", "count": 8}]}}, "count 8, 9 lines"),
        ({"manifest": {"output": None, "requiresAccessToken": "yes", "error": 5}}, "$export"),
        ({"manifest": {"error": [{"type": "OperationOutcome", "url": "/fhir/files/1"}]}}, "$export error 1/1"),
        ({"polls": [says(b"<html>")]}, "JSON"),
        ({"polls": [says(b"", 404)]}, "is not at"),
    ],
)
def test_answers_against_the_agreement_are_named(arrangement, message):
    with server([says(FILE)], **arrangement) as running:
        fault = refused(connection(running.port), ALONE)
    assert message in fault.message_en


def test_warnings_of_the_server_are_no_errors():
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "diagnostics": "王某"}]}
    listed = {"error": [{"type": "OperationOutcome", "url": "/fhir/files/e"}]}
    with server([says(warning), says(FILE)], manifest=listed) as running:
        assert len(fetched(connection(running.port), ALONE)) == 10
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "diagnostics": "王某"}]}
    with server([says(error), says(FILE)], manifest=listed) as running:
        fault = refused(connection(running.port), ALONE)
    assert "1 OperationOutcome error" in fault.message_en
    assert "王某" not in fault.message_en + fault.message_zh


def test_a_token_goes_only_where_it_is_needed():
    with server([says(FILE)], manifest={"requiresAccessToken": False}) as running:
        fetched(connection(running.port), ALONE)
        (asked,) = [request for request in running.requests if "/fhir/files/1" in request]
        assert "TOKEN" not in asked
        assert any("bearer token" in request.lower() for request in running.requests if "$export" in request)


def test_files_come_in_the_order_of_the_types_and_others_are_left():
    files = {
        "output": [
            {"type": "Practitioner", "url": "/fhir/files/0"},
            {"type": "Observation", "url": "/fhir/files/2"},
            {"type": "Encounter", "url": "/fhir/files/1"},
        ]
    }
    both = SOURCE.model_copy(update={"links": {"Observation": SOURCE.links["Observation"]}})
    observed = b'{"resourceType":"Observation","id":"o"}'  # and no line break at its end
    with server([says(FILE), says(observed)], manifest=files) as running:
        rows = fetched(connection(running.port), both)
        assert [row["resourceType"] for row in rows] == ["Parameters", *["Encounter"] * 9, "Observation"]
        assert not any("/fhir/files/0" in line for line in running.lines)
