"""Workers' health: the dirt of each feed."""

import numpy as np

from simulators.dirt_kinds.common import (
    BAD_VOUCHER,
    CREDIT_CODE,
    RAGGED,
    Fault,
    bad_byte,
    code,
    day,
    instead,
    number,
    text,
    worker,
)
from simulators.vocabulary import ORGANISATION_CODES

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("maternity_hospital", "health_services"): [
        *worker("worker_id"),
        *day("service_date"),
        *code("service_category", "口腔检查", "健康体检套餐"),
        *code("organisation_code", "净月区总工会", "吉林市总工会"),
        *text("service_category"),
        *text("organisation_code"),
        Fault("undecodable_byte", "unreadable_text", "service_category", bad_byte),
        *number("satisfaction_score", "分", 0, 9, 100),
        CREDIT_CODE,
        BAD_VOUCHER,
        *RAGGED,
    ],
    ("eye_hospital", "health_services"): [
        *worker("worker_id"),
        *day("service_date"),
        *code("service_category", "EH09", "眼科"),
        *code("organisation_code", "220199", "CY09"),
        *text("service_category"),
        *number("satisfaction_score", "分", 0, 6, 10),
        CREDIT_CODE,
        BAD_VOUCHER,
    ],
    ("mini_program", "vouchers"): [
        *worker("worker_id"),
        *day("issued_on"),
        *code("organisation_code", "U220199", "UIND9"),
        *code("voucher_type", "体验券"),
        *code("partner_id", "GSYY", "KQYY"),
        *text("voucher_type"),
        Fault("wrong_order", "field_order", "expires_on", instead("2025-01-15")),
    ],
    ("mini_program", "outreach_events"): [
        *day("event_date"),
        *code("event_type", "文艺演出"),
        *code("organisation_code", "U220199"),
        *code("site_kind", "社区"),
        *text("site_name"),
        *number("attendees", "人", -3, 50000),
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "vouchers": ("V2025", 6),
    "outreach_events": ("H2025", 4),
}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {
    "redeemed_on": np.datetime64("NaT"),
    "satisfaction_score": 4,
}
ENDS: dict[str, str] = {
    "issued_on": "expires_on",
}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "health_services": ("organisation_code", list(ORGANISATION_CODES[:11])),
    "vouchers": ("organisation_code", list(ORGANISATION_CODES)),
    "outreach_events": ("attendees", [11, 12, 13]),
}
