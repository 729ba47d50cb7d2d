"""Files from an SFTP server."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
import stamina
from paramiko.ssh_exception import NoValidConnectionsError

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners.delivery import Delivery, login_refused, not_delivered, unreachable
from worker_services.partners.registry import FileSource

TIMEOUT_SECONDS = 20.0


def fetch(connection: Connection, source: FileSource, interval: Interval) -> Delivery:
    """Read the interval's file whole, and its checksum where the partner supplies one. Raises DeliveryFault."""
    path = source.path_for(interval)
    with _session(connection, path) as sftp:
        before = _fingerprint(sftp, path)
        raw = _read(sftp, path)
        digest = _read(sftp, f"{path}.sha256").decode().split()[0] if source.has_checksum_file else None
    return Delivery(raw=raw, source=f"sftp:{path}", declared_sha256=digest, fingerprint=before)


def fingerprint(connection: Connection, source: FileSource, interval: Interval) -> str:
    """Size and modification time of the interval's file, which change when it is replaced. Raises DeliveryFault."""
    path = source.path_for(interval)
    with _session(connection, path) as sftp:
        return _fingerprint(sftp, path)


@contextmanager
def _session(connection: Connection, path: str) -> Iterator[paramiko.SFTPClient]:
    where = f"SFTP {connection.host}:{connection.port or 22}"
    try:
        with _connect(connection) as client, client.open_sftp() as sftp:
            yield sftp
    except FileNotFoundError as error:
        raise not_delivered(where, path) from error
    except paramiko.AuthenticationException as error:
        raise login_refused(where, connection.conn_id) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise unreachable(where, type(error).__name__) from error


def _fingerprint(sftp: paramiko.SFTPClient, path: str) -> str:
    found = sftp.stat(path)
    return f"{found.st_size}:{found.st_mtime}"


def _read(sftp: paramiko.SFTPClient, path: str) -> bytes:
    with sftp.open(path, "rb") as file:
        file.prefetch(file.stat().st_size or 0)
        return bytes(file.read())


@stamina.retry(on=(ConnectionError, TimeoutError, NoValidConnectionsError), attempts=3, wait_initial=0.2, wait_max=5.0)
def _connect(connection: Connection) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    host_key = connection.extra.get("host_key")
    if host_key:
        key = _public_key(str(host_key))
        name = connection.host if connection.port in (None, 22) else f"[{connection.host}]:{connection.port}"
        client.get_host_keys().add(name, key.get_name(), key)
    else:
        client.load_system_host_keys()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.connect(
            connection.host,
            port=connection.port or 22,
            username=connection.login,
            password=connection.password.get_secret_value(),
            timeout=TIMEOUT_SECONDS,
            auth_timeout=TIMEOUT_SECONDS,
            banner_timeout=TIMEOUT_SECONDS,
            allow_agent=False,
            look_for_keys=False,
        )
    except BaseException:
        client.close()  # a refused client keeps its socket and its thread otherwise
        raise
    return client


def _public_key(text: str) -> paramiko.PKey:
    """Read 'ssh-ed25519 AAAA…' or the base64 part alone, as Airflow's SSH connections hold it."""
    data = base64.b64decode(text.split()[-1])
    return paramiko.PKey.from_type_string(paramiko.Message(data).get_text(), data)
