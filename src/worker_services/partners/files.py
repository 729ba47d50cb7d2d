"""Files that partners put somewhere; the type of the connection says where."""

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import folder, sftp
from worker_services.partners.delivery import DeliveryFault, Receipt, Sink
from worker_services.partners.registry import FileSource


def fetch(connection: Connection, source: FileSource, interval: Interval, sink: Sink) -> Receipt:
    """Read the interval's file into `sink`, and its checksum where the partner supplies one. Raises DeliveryFault."""
    path = source.path_for(interval)
    if connection.conn_type == "sftp":
        return sftp.fetch(connection, path, source.has_checksum_file, sink)
    if connection.conn_type == "fs":
        return folder.fetch(connection, path, source.has_checksum_file, sink)
    raise _no_place_for_files(connection)


def fingerprint(connection: Connection, source: FileSource, interval: Interval) -> str:
    """What changes when the interval's file is replaced (size and time of change). Raises DeliveryFault."""
    path = source.path_for(interval)
    if connection.conn_type == "sftp":
        return sftp.fingerprint(connection, path)
    if connection.conn_type == "fs":
        return folder.fingerprint(connection, path)
    raise _no_place_for_files(connection)


def _no_place_for_files(connection: Connection) -> DeliveryFault:
    return DeliveryFault(
        f"连接 {connection.conn_id} 的类型为 {connection.conn_type}，不能收取文件。请改为 sftp 或 fs 后重新运行。",
        f"connection {connection.conn_id} is of type {connection.conn_type}, which holds no files;"
        " make it sftp or fs, then run again",
        retryable=False,
    )
