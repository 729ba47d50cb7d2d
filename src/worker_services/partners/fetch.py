"""One door for every protocol."""

from worker_services.connections import Connection
from worker_services.intervals import Interval
from worker_services.partners import fhir_bulk, files, http_json, sql
from worker_services.partners.delivery import Receipt, Sink
from worker_services.partners.registry import ApiSource, FhirSource, FileSource, Source


def fetch(connection: Connection, source: Source, interval: Interval, sink: Sink) -> Receipt:
    """Put one interval's delivery of one feed into `sink`. Raises DeliveryFault for all that a partner does."""
    if isinstance(source, FileSource):
        return files.fetch(connection, source, interval, sink)
    if isinstance(source, ApiSource):
        return http_json.fetch(connection, source, interval, sink)
    if isinstance(source, FhirSource):
        return fhir_bulk.fetch(connection, source, interval, sink)
    return sql.fetch(connection, source, interval, sink)
