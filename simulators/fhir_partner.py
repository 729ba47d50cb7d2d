"""The hospital that speaks FHIR R4: bulk export of a group, behind SMART backend services (HL7 Bulk Data Access).

Its change log becomes Encounter, Procedure, Observation and Appointment resources, and Patients, one a registration. It
keeps every version, so that `_until` gives what it held at that time: the same request has the same bytes.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import jwt
import numpy as np
import pandas as pd
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request, Response

from simulators.deliveries import Alteration, columns_of
from simulators.faults import Faults
from simulators.http_faults import WithFaults
from simulators.world import World
from simulators.writing import Cell

PARTNER = "jiahe_hospital"
CLIENT = "worker-services"
KEY_ID = "worker-services-1"
GROUP = "union-members"
BASE = "/fhir"
TYPES = ("Patient", "Encounter", "Procedure", "Observation", "Appointment")
NUMBER, PERSON, UNION, STATUS, CATALOGUE = (
    f"urn:jiahe:{name}" for name in ("visit-number", "citizen-id", "union", "record-status", "services")
)
LINES_A_FILE = 2000
PREPARING_POLLS = 1
"""How often a job answers 202 before its files are there."""
TOKEN_SECONDS = 300.0
_EARLIEST, _LATEST = np.datetime64("1970-01-01", "s"), np.datetime64("2100-01-01", "s")
_SHANGHAI = ZoneInfo("Asia/Shanghai")

Resource = dict[str, Any]


def make_key() -> tuple[str, str]:
    """A key pair for the client, on P-384: private and public PEM."""
    key = ec.generate_private_key(ec.SECP384R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def connection(port: int, private_key: str) -> dict[str, object]:
    """The Airflow connection to the partner's server on this machine."""
    return {
        "conn_type": "http",
        "schema": "http",
        "host": "127.0.0.1",
        "port": port,
        "login": CLIENT,
        "extra": {"base_path": BASE, "private_key": private_key, "key_id": KEY_ID},
    }


@dataclass
class _Job:
    """An export: its files by name, how often it was asked after, and whether its links are good."""

    files: dict[str, bytes]
    manifest: dict[str, object]
    polls: int = 0
    is_expired: bool = False


@dataclass
class _Server:
    tokens: dict[str, float] = field(default_factory=dict)
    assertions: set[str] = field(default_factory=set)
    jobs: dict[str, _Job] = field(default_factory=dict)


def make_app(world: World, public_key: str, faults: Faults, *, deletes: Collection[str] = ()) -> FastAPI:
    """The hospital's FHIR server. A withdrawn record is deleted in the feeds of `deletes`, and marked in the others."""
    app = FastAPI(title=f"{PARTNER}（演示数据）", docs_url=None, redoc_url=None, openapi_url=None)
    server = _Server()

    @lru_cache(maxsize=4)
    def resources(since: np.datetime64, until: np.datetime64, alterations: tuple[Alteration, ...]) -> _Exported:
        found = _export(world, since, until, dict(zip(_FEEDS, alterations, strict=True)), deletes)
        first, last = _instant(since), _instant(until)
        return {**found, "Patient": [line for changed, line in patients() if first <= changed < last]}

    @lru_cache(maxsize=1)
    def patients() -> list[tuple[str, str]]:
        return _patients(world)

    def is_known(request: Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return server.tokens.get(token, 0.0) > time.monotonic() and not faults.has(PARTNER, "wrong_password")

    @app.get(f"{BASE}/.well-known/smart-configuration")
    async def configuration(request: Request) -> Response:
        return _answer(
            200,
            {
                "token_endpoint": f"{_root(request)}/auth/token",
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
                "capabilities": ["client-confidential-asymmetric", "permission-v2"],
            },
        )

    @app.post(f"{BASE}/auth/token")
    async def token(request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        try:
            if form.get("grant_type") != "client_credentials" or faults.has(PARTNER, "wrong_password"):
                raise jwt.InvalidTokenError
            claims = jwt.decode(
                form.get("client_assertion", ""),
                public_key,
                algorithms=["RS384", "ES384"],
                audience=f"{_root(request)}/auth/token",
                issuer=CLIENT,
                options={"require": ["exp", "jti", "sub", "iss", "aud"]},
            )
            if claims["sub"] != CLIENT or claims["jti"] in server.assertions or claims["exp"] > time.time() + 300:
                raise jwt.InvalidTokenError
        except jwt.InvalidTokenError:
            return _answer(400, {"error": "invalid_client"})
        server.assertions.add(claims["jti"])
        issued = secrets.token_urlsafe(24)
        server.tokens[issued] = time.monotonic() + TOKEN_SECONDS
        body = {"access_token": issued, "token_type": "bearer", "expires_in": TOKEN_SECONDS, "scope": form.get("scope")}
        return _answer(200, body)

    @app.get(f"{BASE}/Group/{{group}}/$export")
    def kick_off(group: str, request: Request) -> Response:
        if not is_known(request):
            return _outcome(401, "login")
        if group != GROUP:
            return _outcome(404, "not-found")
        if "respond-async" not in request.headers.get("Prefer", ""):
            return _outcome(400, "required")
        query = request.query_params
        try:
            since = _moment(query["_since"]) + np.timedelta64(1, "s") if "_since" in query else _EARLIEST
            until = _moment(query["_until"]) if "_until" in query else _LATEST
        except ValueError:
            return _outcome(400, "value")
        wanted = query.get("_type", ",".join(TYPES)).split(",")
        if set(wanted) - set(TYPES):
            return _outcome(400, "not-supported")
        found = resources(since, until, tuple(faults.alteration(PARTNER, feed) for feed in _FEEDS))
        name = secrets.token_urlsafe(12)
        server.jobs[name] = _job(found, wanted, f"{_root(request)}/files/{name}", str(request.url))
        job = server.jobs[name]
        job.is_expired = faults.takes(PARTNER, "expired_link")
        if faults.takes(PARTNER, "export_errors"):
            _add_error(job, f"{_root(request)}/files/{name}")
        return Response(status_code=202, headers={"Content-Location": f"{_root(request)}/jobs/{name}"})

    @app.get(f"{BASE}/jobs/{{name}}")
    async def status(name: str, request: Request) -> Response:
        if not is_known(request):
            return _outcome(401, "login")
        job = server.jobs.get(name)
        if job is None:
            return _outcome(404, "not-found")
        job.polls += 1
        if job.polls <= PREPARING_POLLS:
            percent = 100 * job.polls // (PREPARING_POLLS + 1)
            return Response(status_code=202, headers={"Retry-After": "0", "X-Progress": f"{percent}%"})
        return _answer(200, job.manifest)

    @app.delete(f"{BASE}/jobs/{{name}}")
    async def delete(name: str, request: Request) -> Response:
        if not is_known(request):
            return _outcome(401, "login")
        return Response(status_code=202) if server.jobs.pop(name, None) else _outcome(404, "not-found")

    @app.get(f"{BASE}/files/{{name}}/{{file}}")
    async def read(name: str, file: str, request: Request) -> Response:
        if not is_known(request):
            return _outcome(401, "login")
        job = server.jobs.get(name)
        if job is None or file not in job.files:
            return _outcome(404, "not-found")
        if job.is_expired:
            return _outcome(410, "expired")
        return _part(job.files[file], request)

    app.state.jobs = server.jobs
    app.add_middleware(WithFaults, partner=PARTNER, faults=faults)
    return app


def _part(body: bytes, request: Request) -> Response:
    """A file, or the rest of it from where the client asks (RFC 9110, 14)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": "application/fhir+ndjson"}
    asked = request.headers.get("Range", "")
    if asked.startswith("bytes=") and request.headers.get("If-Range", tag) == tag:
        start = int(asked.removeprefix("bytes=").split("-")[0])
        if start >= len(body):
            return Response(status_code=416, headers={"Content-Range": f"bytes */{len(body)}"})
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Response(body[start:], 206, headers)
    return Response(body, 200, headers)


_FEEDS = ("health_services", "health_appointments")
_Exported = dict[str, list[str]]  # type -> lines, 'deleted' among the types


def _job(found: _Exported, wanted: Iterable[str], place: str, request: str) -> _Job:
    files: dict[str, bytes] = {}
    output, deleted = [], []
    for kind in [*wanted, "deleted"]:
        lines = found.get(kind, [])
        for number, start in enumerate(range(0, len(lines), LINES_A_FILE), start=1):
            part = lines[start : start + LINES_A_FILE]
            name = f"{kind}-{number}.ndjson"
            files[name] = "".join(f"{line}\n" for line in part).encode()
            listed = {"type": "Bundle" if kind == "deleted" else kind, "url": f"{place}/{name}", "count": len(part)}
            (deleted if kind == "deleted" else output).append(listed)
    manifest: dict[str, object] = {
        "transactionTime": datetime.now(_SHANGHAI).isoformat(timespec="milliseconds"),
        "request": request,
        "requiresAccessToken": True,
        "output": output,
        "deleted": deleted,
        "error": [],
    }
    return _Job(files, manifest)


def _add_error(job: _Job, place: str) -> None:
    issue = {"severity": "error", "code": "exception", "diagnostics": "resource could not be read"}
    job.files["error-1.ndjson"] = (_line({"resourceType": "OperationOutcome", "issue": [issue]}) + "\n").encode()
    job.manifest["error"] = [{"type": "OperationOutcome", "url": f"{place}/error-1.ndjson", "count": 1}]


def _export(
    world: World,
    since: np.datetime64,
    until: np.datetime64,
    alterations: dict[str, Alteration],
    deletes: Collection[str],
) -> _Exported:
    found: _Exported = {kind: [] for kind in (*TYPES, "deleted")}
    for feed in _FEEDS:
        alteration = alterations[feed]
        if (PARTNER, feed) not in world.logs or alteration.empty:
            continue
        rows = world.changes(PARTNER, feed, since, until)
        rows = rows.iloc[:-1] if alteration.replaced else rows
        for row, cells in _rows(feed, rows):
            made = _encounter(row, cells) if feed == "health_services" else _appointment(row, cells)
            if feed in deletes and row.is_withdrawn:
                found["deleted"].append(_line(_deletion(made[-1])))
                continue
            for resource in made:
                found[resource["resourceType"]].append(_line(_altered(resource, alteration)))
    return found


def _patients(world: World) -> list[tuple[str, str]]:
    """Every registration there ever was, by id: when it was made, and its resource."""
    patients: dict[str, Resource] = {}
    for feed in _FEEDS:
        if (PARTNER, feed) in world.logs:
            for row, cells in _rows(feed, world.logs[PARTNER, feed]):
                patient = _patient(row, cells)
                known = patients.setdefault(patient["id"], patient)
                known["meta"] = min(known["meta"], patient["meta"], key=lambda meta: str(meta["lastUpdated"]))
    return [(patient["meta"]["lastUpdated"], _line(patient)) for _, patient in sorted(patients.items())]


@dataclass(frozen=True)
class _Row:
    key: str
    entry: int
    changed: str
    is_withdrawn: bool

    @property
    def meta(self) -> Resource:
        return {"lastUpdated": self.changed}

    @property
    def name(self) -> str:
        """A resource id: the second of two entries of one number is another resource."""
        return f"{self.key}-{self.entry}" if self.entry else self.key


def _rows(feed: str, rows: pd.DataFrame) -> Iterator[tuple[_Row, dict[str, Cell]]]:
    columns = columns_of(PARTNER, feed, rows)
    moments = np.datetime_as_string(rows["_reported_at"].to_numpy().astype("datetime64[s]")).tolist()
    withdrawn = ((rows["record_status"] == "withdrawn") & (rows["_rule"] == "")).tolist()
    keys, entries = rows["_key"].tolist(), rows["_entry"].tolist()
    for index in range(len(rows)):
        row = _Row(keys[index], int(entries[index]), _instant(moments[index]), withdrawn[index])
        yield row, {name: cells[index] for name, cells in columns.items()}


def _patient(row: _Row, cells: dict[str, Cell]) -> Resource:
    """A registration: who, and by which union. The same person under another union is another registration."""
    known = {name: cells.get(name) for name in ("worker_name", "worker_id", "phone", "organisation_code")}
    name = hashlib.sha256(json.dumps(known, ensure_ascii=False).encode()).hexdigest()[:20]
    resource: Resource = {"resourceType": "Patient", "id": f"p-{name}", "meta": row.meta}
    if known["worker_id"] is not None:
        resource["identifier"] = [{"system": PERSON, "value": str(known["worker_id"])}]
    if known["worker_name"] is not None:
        resource["name"] = [{"use": "official", "text": known["worker_name"]}]
    if known["phone"] is not None:
        resource["telecom"] = [{"system": "phone", "value": str(known["phone"])}]
    if known["organisation_code"] is not None:
        union = {"system": UNION, "value": str(known["organisation_code"])}
        resource["managingOrganization"] = {"identifier": union}
    return resource


def _encounter(row: _Row, cells: dict[str, Cell]) -> list[Resource]:
    """The visit last, and before it what hangs on it."""
    subject = {"reference": f"Patient/{_patient(row, cells)['id']}"}
    visit = {"reference": f"Encounter/{row.name}"}
    made = []
    if cells["service_category"] is not None:
        procedure = {"resourceType": "Procedure", "id": f"pr-{row.name}", "meta": row.meta, "status": "completed"}
        made.append(procedure | {"code": _coded(cells["service_category"]), "subject": subject, "encounter": visit})
    if cells["satisfaction_score"] is not None:
        score: Resource = {"resourceType": "Observation", "id": f"ob-{row.name}", "meta": row.meta, "status": "final"}
        score |= {"code": {"coding": [{"system": CATALOGUE, "code": "satisfaction"}]}, "subject": subject}
        made.append(score | {"encounter": visit, "valueInteger": cells["satisfaction_score"]})
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": row.name,
        "meta": row.meta,
        "identifier": [{"system": NUMBER, "value": row.key}],
        "status": cells["record_status"],
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": subject,
    }
    if cells["service_date"] is not None:
        encounter["period"] = {"start": cells["service_date"]}
    return [*made, encounter]


def _appointment(row: _Row, cells: dict[str, Cell]) -> list[Resource]:
    patient = _patient(row, cells)["id"]
    appointment: Resource = {
        "resourceType": "Appointment",
        "id": row.key,
        "meta": row.meta | {"tag": [{"system": STATUS, "code": cells["record_status"]}]},
        "status": cells["appointment_status"],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    }
    if cells["service_category"] is not None:
        appointment["serviceType"] = [_coded(cells["service_category"])]
    if cells["booked_on"] is not None:
        appointment["created"] = cells["booked_on"]
    if cells["scheduled_on"] is not None:
        appointment["start"] = f"{cells['scheduled_on']}T09:00:00+08:00"
    return [{name: value for name, value in appointment.items() if value is not None}]


def _coded(code: Cell) -> Resource:
    return {"coding": [{"system": CATALOGUE, "code": code}]}


def _deletion(resource: Resource) -> Resource:
    entry = {"request": {"method": "DELETE", "url": f"{resource['resourceType']}/{resource['id']}"}}
    meta = {"lastUpdated": resource["meta"]["lastUpdated"]}
    return {"resourceType": "Bundle", "type": "transaction", "meta": meta, "entry": [entry]}


def _altered(resource: Resource, alteration: Alteration) -> Resource:
    """`header_changed`: the hospital has moved the date to another element."""
    if alteration.header_changed and "period" in resource:
        resource = resource | {"extension": [{"url": "urn:jiahe:period", "valuePeriod": resource["period"]}]}
        del resource["period"]
    if alteration.header_changed and "created" in resource:
        resource = resource | {"requestedPeriod": [{"start": resource["created"]}]}
        del resource["created"]
    return resource


def _instant(moment: object) -> str:
    return f"{moment}.000+08:00"


def _line(resource: Resource) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def _answer(status: int, body: object) -> Response:
    return Response(json.dumps(body).encode(), status, media_type="application/json")


def _outcome(status: int, code: str) -> Response:
    return _answer(status, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]})


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BASE}"


def _moment(text: str) -> np.datetime64:
    """An instant, to the second at or before it, in Asia/Shanghai."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant has an offset")
    return np.datetime64(moment.astimezone(_SHANGHAI).replace(tzinfo=None, microsecond=0), "s")
