"""Protection of rights: the dirt of each feed."""

from simulators.dirt_kinds.common import CREDIT_CODE, Fault, code, day, text, worker

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("mediation_center", "mediation_cases"): [
        *worker("applicant_id"),
        *day("accepted_on"),
        *code("organisation_code", "220199", "2201C9"),
        *code("dispute_type", "07"),
        *text("dispute_type"),
        CREDIT_CODE,
    ],
    ("mediation_center", "mediation_events"): [
        *day("event_at"),
        *code("event_type", "ZZ"),
        *text("event_type"),
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {
    "mediation_events": ("case_id", "LT202599999"),
}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "mediation_cases": ("LT2025", 5),
    "mediation_events": ("E", 6),
}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {}
ENDS: dict[str, str] = {}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "mediation_cases": ("dispute_type", ["wages", "contract", "other"]),
    "mediation_events": ("event_type", ["mediation_held", "agreement", "transferred"]),
}
