"""One door for every protocol."""

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import http_json, sftp, sql
from worker_services.partners.delivery import Delivery
from worker_services.partners.registry import ApiSource, FileSource, Source


def fetch(connection: Connection, source: Source, interval: Interval) -> Delivery:
    """Get one interval's delivery of one feed. Raises DeliveryFault, and nothing else for what a partner does."""
    if isinstance(source, FileSource):
        return sftp.fetch(connection, source, interval)
    if isinstance(source, ApiSource):
        return http_json.fetch(connection, source, interval)
    return sql.fetch(connection, source, interval)
