"""FHIR R4 resources of a group by bulk export (HL7 Bulk Data Access, 2.0 and 3.0), under SMART backend services.

Two exports make a delivery. The anchor and what points at it are asked for by `_since`, and by `_until` where the
server knows it (3.0; others ignore it under `handling=lenient`). What the anchor points at, a patient say, may not have
changed for years, so it is asked for whole; of it only what an anchor does point at is kept.

Files are written as they come. One that breaks off is taken up where it broke off, when the server offers ranges, or
read again; one whose link has expired is had by a fresh export. Either way what is written already is compared, and
what differs discards the whole.
"""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import fhir_path, http_client
from worker_services.partners.delivery import DeliveryFault, Receipt, Sink, bad_answer, login_refused, unreachable
from worker_services.partners.http_client import AccessToken, Answer, Api, Gone, Rewindable, TryAgain, gone
from worker_services.partners.registry import FhirSource

EXPORT_SECONDS = 2 * 3600.0  # how long a server may take to prepare its files
POLL_SECONDS = (0.2, 30.0)  # first and longest wait where the server does not say how long, or says at once
_ASSERTION_SECONDS = 240  # at most five minutes, SMART App Launch 2.0, 'Backend Services'
_JSON = {"Accept": "application/json"}
_FILE = {"Accept": "application/fhir+ndjson", "Accept-Encoding": "identity"}


def fetch(connection: Connection, source: FhirSource, interval: Interval, sink: Sink) -> Receipt:
    """Write the resources of the interval, and of the days it looks back, one a line. Raises DeliveryFault."""
    base = str(connection.extra.get("base_path", "")).rstrip("/")
    with http_client.open_api(connection, _backend_service(connection, source, base)) as api:
        rewindable = Rewindable(sink, f"{api.where}{base}")
        path, wanted = f"{base}/Group/{source.group}/$export", _Wanted(source)
        for parameters in _exports(source, interval):
            start = rewindable.mark()
            rewindable.write(_said(parameters))
            try:
                _export(api, path, parameters, wanted, rewindable)
            except Gone:
                rewindable.rewind(start)
                rewindable.write(_said(parameters))
                _export(api, path, parameters, wanted, rewindable)
        rewindable.finish()
    return Receipt(source=f"fhir_bulk:{base}/Group/{source.group}")


def _exports(source: FhirSource, interval: Interval) -> list[dict[str, str]]:
    """The parameters of each export."""
    pointed_at = [name for name, link in source.links.items() if link.from_]
    changing = [name for name in source.types if name not in pointed_at]
    # '_since' is without the moment itself, the start of a day is with it
    since = interval.starts_at - timedelta(days=source.look_back_days, milliseconds=1)
    span = {
        "_since": since.isoformat(timespec="milliseconds"),
        "_until": interval.ends_at.isoformat(timespec="milliseconds"),
    }
    form = {"_outputFormat": "application/fhir+ndjson"}
    found = [{"_type": ",".join(changing), **span, **form}]
    return [*found, {"_type": ",".join(pointed_at), **form}] if pointed_at else found


def _said(parameters: dict[str, str]) -> bytes:
    """What was asked for, as a resource of its own: two days without any change are two deliveries nonetheless."""
    named = [{"name": name, "valueString": value} for name, value in parameters.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": named}).encode() + b"\n"


class _Wanted:
    """The resources that the anchors point at, each kept as a number of 64 bits."""

    def __init__(self, source: FhirSource) -> None:
        self._elements = [link.from_.split(".") for link in source.links.values() if link.from_]
        self._types = {name for name, link in source.links.items() if link.from_}
        self._anchor = source.anchor
        self._numbers: set[int] = set()

    def keeps(self, line: bytes) -> bool:
        """Whether the line belongs into the delivery; of an anchor it is noted what it points at."""
        try:
            resource = json.loads(line)
            kind, name = str(resource["resourceType"]), resource.get("id")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return True  # no resource: the reader shows it
        if kind == self._anchor:
            for element in self._elements:
                for reference in _found(resource, (*element, "reference")):
                    target = re.search(fhir_path.REFERENCE, str(reference))
                    if target:
                        self._numbers.add(_number(target[1], target[2]))
        return kind not in self._types or _number(kind, str(name)) in self._numbers


def _found(value: Any, names: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _found(each, names)
    elif not names:
        yield value
    elif isinstance(value, dict) and names[0] in value:
        yield from _found(value[names[0]], names[1:])


def _number(kind: str, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{kind}/{name}".encode(), digest_size=8).digest())


def _backend_service(connection: Connection, source: FhirSource, base: str) -> AccessToken:
    """A token for an assertion signed with our private key (RFC 7523), at the endpoint that the server names."""

    def request(api: Api) -> tuple[str, dict[str, str], dict[str, str]]:
        place = f"{base}/.well-known/smart-configuration"
        answer = api.once("GET", place, http_client.read_whole, what=place, headers=_JSON, is_ours=False)
        stated = answer.json(api.where)
        endpoint = stated.get("token_endpoint") if isinstance(stated, dict) else None
        if not isinstance(endpoint, str):
            raise bad_answer(api.where, "token_endpoint")
        url = httpx.URL(api.where).join(endpoint)
        if url.scheme != "https":
            url = api.link(answer.url, endpoint, "token_endpoint")
        version_2 = "permission-v2" in (stated.get("capabilities") or ())
        scopes = " ".join(f"system/{name}.{'rs' if version_2 else 'read'}" for name in source.types)
        form = {
            "grant_type": "client_credentials",
            "scope": scopes,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": _assertion(connection, str(url), api.where),
        }
        return str(url), form, _JSON

    return AccessToken(request)


def _assertion(connection: Connection, audience: str, where: str) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": connection.login,
        "sub": connection.login,
        "aud": audience,
        "iat": now,
        "exp": now + timedelta(seconds=_ASSERTION_SECONDS),
        "jti": str(uuid.uuid4()),
    }
    try:
        key = _private_key(connection.extra.get("private_key"))
        algorithm = "ES384" if isinstance(key, EllipticCurvePrivateKey) else "RS384"
        return jwt.encode(claims, key, algorithm, headers={"kid": str(connection.extra.get("key_id", ""))})
    except (ValueError, TypeError, jwt.PyJWTError):  # a key that is none; its text stays out of the traceback
        raise login_refused(where, connection.conn_id) from None


def _private_key(stored: Any) -> Any:
    """An RSA key or one on P-384, kept as PEM or as a JWK. Raises ValueError, TypeError, PyJWTError."""
    if isinstance(stored, str) and not stored.lstrip().startswith("{"):
        return load_pem_private_key(stored.encode(), password=None)
    return jwt.PyJWK(json.loads(stored) if isinstance(stored, str) else dict(stored)).key


def _export(api: Api, path: str, parameters: dict[str, str], wanted: _Wanted, sink: Rewindable) -> None:
    """One export from kick-off to the last byte. Raises DeliveryFault; Gone when a link of it has expired."""
    headers = {"Accept": "application/fhir+json", "Prefer": "respond-async, handling=lenient"}
    started = api.get(path, path, params=parameters, headers=lambda: headers, accepted={202})
    location = started.headers.get("Content-Location")
    if not location:
        raise bad_answer(api.where, "Content-Location")
    job = api.link(started.url, location, "Content-Location")
    try:
        answer = _finished(api, job, path)
        manifest = _manifest(answer, api.where, parameters["_type"].split(","))
        _refuse_errors(api, answer, manifest)
        for number, file in enumerate(manifest.files, start=1):
            url = api.link(answer.url, file.url, path)
            what = f"{path} {number}/{len(manifest.files)}"
            _copy(api, url, what, file.lines, wanted, sink, is_ours=manifest.needs_token)
    finally:
        _delete(api, job, path)


def _finished(api: Api, job: httpx.URL, path: str) -> Answer:
    """Wait until the files are there. Raises DeliveryFault."""
    give_up, wait = time.monotonic() + EXPORT_SECONDS, POLL_SECONDS[0]
    while True:
        answer = api.get(job, path, headers=lambda: _JSON, accepted={200, 202})
        if answer.status == 200:
            return answer
        pause = http_client.retry_after(answer.headers) or wait
        if time.monotonic() + pause > give_up:
            progress = re.search(r"\d{1,3} ?%", answer.headers.get("X-Progress", ""))
            raise unreachable(
                f"{api.where} {path}", f"> {EXPORT_SECONDS:.0f} s{f', {progress[0]}' if progress else ''}"
            )
        time.sleep(pause)
        wait = min(wait * 2, POLL_SECONDS[1])


@dataclass(frozen=True)
class _File:
    url: str
    lines: int | None


@dataclass(frozen=True)
class _Manifest:
    """What an export holds. `files`: in the order of the types asked for, bundles of deletions last."""

    needs_token: bool
    files: tuple[_File, ...]
    errors: tuple[_File, ...]


def _manifest(answer: Answer, where: str, types: list[str]) -> _Manifest:
    body = answer.json(where)
    try:
        listed = {name: [_listed(item) for item in body.get(name) or ()] for name in ("output", "deleted", "error")}
        ordered = sorted((item for item in listed["output"] if item[0] in types), key=lambda item: types.index(item[0]))
        return _Manifest(
            needs_token=body["requiresAccessToken"] is True,
            files=tuple(file for _, file in (*ordered, *listed["deleted"])),
            errors=tuple(file for _, file in listed["error"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise bad_answer(where, "$export") from None


def _listed(item: Any) -> tuple[str, _File]:
    count = item.get("count")
    if not isinstance(item["type"], str) or not isinstance(item["url"], str):
        raise ValueError("neither type nor url")
    return item["type"], _File(item["url"], count if type(count) is int else None)


def _refuse_errors(api: Api, answer: Answer, manifest: _Manifest) -> None:
    """Raise DeliveryFault when the server could not export everything. Its own words may name people: they stay out."""
    errors = 0
    for number, file in enumerate(manifest.errors, start=1):
        what = f"$export error {number}/{len(manifest.errors)}"
        url = api.link(answer.url, file.url, what)
        found = api.get(url, what, headers=lambda: _FILE, is_ours=manifest.needs_token)
        try:
            outcomes = [json.loads(line) for line in found.text().split("\n") if line.strip()]
            issues = [issue for outcome in outcomes for issue in outcome["issue"]]
            errors += sum(issue["severity"] in ("error", "fatal") for issue in issues)
        except (ValueError, KeyError, TypeError):
            raise bad_answer(api.where, what) from None
    if errors:
        raise bad_answer(api.where, f"$export: {errors} OperationOutcome error, {len(manifest.errors)} files")


@dataclass
class _Copied:
    """How far the copy of a file has come, and what the server calls the version it gave."""

    received: int = 0  # bytes
    lines: int = 0
    rest: bytes = b""  # of a line that has not come whole
    version: str | None = None
    is_expired: bool = False

    def range(self) -> dict[str, str]:
        """Headers that ask for the rest alone, where that can be had (RFC 9110, 13.1.5)."""
        return {"Range": f"bytes={self.received}-", "If-Range": self.version} if self.received and self.version else {}


def _copy(
    api: Api, url: httpx.URL, what: str, declared: int | None, wanted: _Wanted, sink: Rewindable, *, is_ours: bool
) -> None:
    """Write the lines of a file that are wanted. Raises DeliveryFault; Gone where the link leads nowhere any more."""
    start, copied = sink.mark(), _Copied()

    def write(lines: list[bytes]) -> None:
        copied.lines += len(lines)
        kept = b"".join(line + b"\n" for line in lines if wanted.keeps(line))
        if kept:
            sink.write(kept)

    def take(response: httpx.Response) -> None:
        if response.status_code in (403, 404, 410):
            copied.is_expired = True
            return
        if response.status_code == 416:  # there is no rest: nothing but the end was missing, or the file is another
            copied.version = None
            raise TryAgain("HTTP 416")
        if response.status_code == 206 and copied.received:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {copied.received}-"):
                raise bad_answer(api.where, f"{what}: Content-Range")
        else:
            sink.rewind(start)
            copied.received, copied.lines, copied.rest = 0, 0, b""
            copied.version = _version(response.headers)
        for chunk in http_client.chunks(response):
            *lines, copied.rest = (copied.rest + chunk).split(b"\n")
            copied.received += len(chunk)
            if len(copied.rest) > http_client.LARGEST_ANSWER:
                raise bad_answer(api.where, f"{what}: > {http_client.LARGEST_ANSWER >> 20} MiB")
            write(lines)

    accepted = {200, 206, 403, 404, 410, 416}
    api.call("GET", url, take, what=what, headers=lambda: _FILE | copied.range(), accepted=accepted, is_ours=is_ours)
    if copied.is_expired:
        raise gone(api.where, what)
    if copied.rest:
        write([copied.rest])
    if declared is not None and copied.lines != declared:
        raise bad_answer(api.where, f"{what}: count {declared}, {copied.lines} lines")


def _version(headers: httpx.Headers) -> str | None:
    """The strong validator of a file that can be read in ranges, None where it cannot."""
    tag = headers.get("ETag", "")
    is_whole = headers.get("Accept-Ranges") == "bytes" and headers.get("Content-Encoding", "identity") == "identity"
    return tag if is_whole and tag.startswith('"') else None


def _delete(api: Api, job: httpx.URL, path: str) -> None:
    """Tell the server that its files are no longer needed; a server that does not care to know is no fault."""
    try:
        api.call("DELETE", job, lambda _: None, what=path, attempts=1, accepted={200, 202, 204, 404, 410})
    except DeliveryFault:
        return
