"""Leadership: what each partner calls things, against the canonical names."""

CODES: dict[str, dict[str, dict[str, str]]] = {}

FIELDS: dict[tuple[str, str], dict[str, str]] = {}

KEYS: dict[str, tuple[str, ...]] = {}

PARTNERS: dict[str, tuple[str, ...]] = {}

CONNECTION_IDS: dict[str, str] = {}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {}

DATE_COLUMNS: frozenset[str] = frozenset()
NUMBER_COLUMNS: frozenset[str] = frozenset()
MOMENT_COLUMNS: frozenset[str] = frozenset()
