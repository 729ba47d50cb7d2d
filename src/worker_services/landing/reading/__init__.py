"""The reading of deliveries: a partner's bytes become a stream of text; nothing is inferred and nothing shifts."""

from collections.abc import Iterator

from worker_services.contracts import Contract
from worker_services.intervals import Interval
from worker_services.landing.reading import archives, delimited, records, workbook
from worker_services.landing.reading.delivered import Delivered, Readable, Summary, UnreadableDelivery
from worker_services.landing.reading.records import read_supplement
from worker_services.partners.registry import Feed, FhirSource, FileSource

__all__ = ["Delivered", "Readable", "Summary", "UnreadableDelivery", "read", "read_supplement"]


def read(raw: Readable, feed: Feed, contract: Contract, interval: Interval) -> Delivered:
    """Read a delivery by its partner's mapping, in memory that does not grow with it (but for workbooks and FHIR).

    Raises UnreadableDelivery, now or while the batches are pulled.
    """
    source = feed.source
    if isinstance(source, FhirSource):
        from worker_services.landing.reading import fhir

        return fhir.read(raw, feed, contract, interval)
    if isinstance(source, FileSource):
        return _read_file(raw, feed, contract, source)
    return records.read_lines(iter([("", raw)]), feed, contract)


def _read_file(raw: Readable, feed: Feed, contract: Contract, source: FileSource) -> Delivered:
    places: Iterator[tuple[str, Readable]] = iter([("", raw)])
    if source.archive:
        places = archives.members(raw, source.member)
    match source.format:
        case "csv":
            return delimited.read(places, feed, contract, source)
        case "xlsx" | "xls":
            return workbook.read(places, feed, contract, source)
        case "json":
            return records.read_documents(places, feed, contract, source)
        case "ndjson":
            return records.read_lines(places, feed, contract, source.encoding)
