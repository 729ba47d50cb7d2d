"""Servers on loopback for the tests of connectors over HTTP: whole applications, and answers scripted byte by byte."""

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime

import uvicorn
from fastapi import FastAPI

from worker_services.connections import Connection


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """The port of an application for the length of a with block."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)


Answer = Callable[[socket.socket, str], None]
"""Writes one answer to a request, given as text."""


@dataclass
class Scripted:
    """A server that gives its answers in turn, the last one for ever; `requests` is what was asked."""

    answers: list[Answer]
    port: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        return Connection(
            conn_id="partner_api", conn_type="http", schema="http", host="127.0.0.1", port=self.port, password="SECRET"
        )

    @property
    def lines(self) -> list[str]:
        return [head.split("\r\n")[0] for head in self.requests]


@contextlib.contextmanager
def scripted(*answers: Answer) -> Iterator[Scripted]:
    server = Scripted(list(answers))
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]

    def run() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(65536)
                fields, _, body = head.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", fields.lower())
                while length and len(body) < int(length[1]):
                    body += client.recv(65536)
                request = f"{fields.decode()}\r\n\r\n{body.decode()}"
                server.requests.append(request)
                answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                answer(client, request)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def head(status: int, length: int | None, **headers: str) -> bytes:
    fields = {"Connection": "close", **({} if length is None else {"Content-Length": str(length)})}
    fields |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {text}" for name, text in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


def says(body: object = b"", status: int = 200, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda client, _: client.sendall(head(status, len(data), **headers) + data)


def breaks_off(body: object, share: float = 0.5, *, reset: bool = False, stated: int | None = None) -> Answer:
    """Part of a body under the Content-Length of the whole; then the end, or a reset."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(client: socket.socket, _: str) -> None:
        client.sendall(head(200, stated or len(data)) + data[: int(len(data) * share)])
        time.sleep(0.05)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def drips(body: bytes, seconds: float) -> Answer:
    """One byte after another, with a pause before each."""

    def answer(client: socket.socket, _: str) -> None:
        client.sendall(head(200, len(body)))
        for byte in body:
            time.sleep(seconds)
            client.sendall(bytes([byte]))

    return answer


def http_date(moment) -> str:
    return format_datetime(moment, usegmt=True)
