"""Relief of hardship: the dirt of each feed."""

from simulators.dirt_kinds.common import Fault

FAULTS: dict[tuple[str, str], list[Fault]] = {}
ORPHANS: dict[str, tuple[str, str]] = {}
NEW_KEYS: dict[str, tuple[str, int]] = {}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {}
ENDS: dict[str, str] = {}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {}
