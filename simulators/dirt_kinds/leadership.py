"""Leadership: the dirt of each feed."""

from simulators.dirt_kinds.common import Fault, code, day, instead, number, text
from simulators.year import NO_DAY

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("leadership_office", "meeting_actions"): [
        *day("meeting_date"),
        *code("domain", "职工文体"),
        *code("action_state", "抓紧办理"),
        *text("title"),
        Fault("wrong_order", "field_order", "due_on", instead("2024-12-31")),
    ],
    ("leadership_office", "publicity_items"): [
        *day("published_on"),
        *code("channel", "短视频"),
        *code("organisation_code", "220199", "净月"),
        *text("title"),
        *number("reach", "次", -5, 99_999_999),
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "meeting_actions": ("Y2025", 4),
    "publicity_items": ("X2025", 4),
}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {
    "completed_on": NO_DAY,
    "action_state": "in_progress",
}
ENDS: dict[str, str] = {
    "meeting_date": "due_on",
}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "meeting_actions": ("action_state", ["open", "in_progress"]),
    "publicity_items": ("reach", [700, 900]),
}
