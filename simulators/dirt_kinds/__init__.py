"""The dirt of each feed, one module a domain.

`FAULTS`: (partner, feed) -> kinds. `ORPHANS`: child feed -> (column that names the parent, a parent nobody has).
`NEW_KEYS`: feed -> (prefix, digits) of a new key; numbers from nine tenths of the range up, which good records do not
reach. `NEVER_MENDED`: feeds of few rows on which others hang; a second record would be counted as one more fair or
session. `FILLED`: what a cell that may be soiled holds where the model's is empty. `ENDS`: first day -> last day.
`CONTRADICTIONS`: what is changed in the second of two contradicting entries of one key.
"""

from simulators.dirt_kinds import employment, hardship, health, leadership, rights
from simulators.dirt_kinds.common import Fault

_DOMAINS = (health, employment, rights, hardship, leadership)

FAULTS: dict[tuple[str, str], list[Fault]] = {key: kinds for domain in _DOMAINS for key, kinds in domain.FAULTS.items()}
ORPHANS = {feed: orphan for domain in _DOMAINS for feed, orphan in domain.ORPHANS.items()}
NEW_KEYS = {feed: key for domain in _DOMAINS for feed, key in domain.NEW_KEYS.items()}
NEVER_MENDED = frozenset().union(*(domain.NEVER_MENDED for domain in _DOMAINS))
FILLED = {column: cell for domain in _DOMAINS for column, cell in domain.FILLED.items()}
ENDS = {first: last for domain in _DOMAINS for first, last in domain.ENDS.items()}
CONTRADICTIONS = {feed: change for domain in _DOMAINS for feed, change in domain.CONTRADICTIONS.items()}
