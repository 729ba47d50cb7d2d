"""What each partner calls things: headers, field names and codes, against the canonical names of the contracts.

One module a domain. Canonical codes are the same as the seeds of the warehouse. Everything the simulated systems serve
is translated by these tables and by nothing else.

`CODES`: partner -> canonical column -> {canonical code: what the partner writes}.
`FIELDS`: (partner, feed) -> {canonical column: the partner's header, field or column}, in the partner's order.
`SHEETS`: (partner, feed) -> the column by which a delivery is parted, and the sheet or archive member of each code.
`KEYS`: feed -> key columns. `PARENTS`: child feed -> (parent feed, columns that name the parent).
`SNAPSHOTS`: feeds of which every delivery is the whole, as it stood at the end of its interval.
`CONNECTION_IDS`: partner -> id of the Airflow connection, as the partner file names it.
"""

from simulators.vocabulary import employment, hardship, health, leadership, rights
from simulators.vocabulary.hardship import SNAPSHOTS
from simulators.vocabulary.health import SERVICE_CATEGORIES, SHEETS
from simulators.vocabulary.organisations import ORGANISATION_CODES, ORGANISATIONS, Organisation

__all__ = [
    "CODES",
    "CONNECTION_IDS",
    "DATE_COLUMNS",
    "FIELDS",
    "KEYS",
    "MOMENT_COLUMNS",
    "NUMBER_COLUMNS",
    "ORGANISATIONS",
    "ORGANISATION_CODES",
    "PARENTS",
    "PARTNERS",
    "SERVICE_CATEGORIES",
    "SHEETS",
    "SNAPSHOTS",
    "Organisation",
]

_DOMAINS = (health, employment, rights, hardship, leadership)

CODES = {partner: codes for domain in _DOMAINS for partner, codes in domain.CODES.items()}
FIELDS = {supply: fields for domain in _DOMAINS for supply, fields in domain.FIELDS.items()}
KEYS = {feed: key for domain in _DOMAINS for feed, key in domain.KEYS.items()}
PARTNERS = {partner: feeds for domain in _DOMAINS for partner, feeds in domain.PARTNERS.items()}
CONNECTION_IDS = {partner: name for domain in _DOMAINS for partner, name in domain.CONNECTION_IDS.items()}
PARENTS = {feed: parent for domain in _DOMAINS for feed, parent in domain.PARENTS.items()}
DATE_COLUMNS = frozenset().union(*(domain.DATE_COLUMNS for domain in _DOMAINS))
NUMBER_COLUMNS = frozenset().union(*(domain.NUMBER_COLUMNS for domain in _DOMAINS))
MOMENT_COLUMNS = frozenset().union(*(domain.MOMENT_COLUMNS for domain in _DOMAINS))
