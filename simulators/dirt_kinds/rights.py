"""Protection of rights: the dirt of each feed."""

from simulators.dirt_kinds.common import CREDIT_CODE, EMPTY, Fault, code, day, instead, number, text, worker
from simulators.year import NO_DAY

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
    ("contract_register", "labour_contracts"): [
        CREDIT_CODE,
        Fault("missing_required", "required_missing", "employer_credit_code", EMPTY),
        *day("as_of_date"),
        *code("organisation_code", "220199", "2201XX"),
        *number("employees", "人", 0, -12),
        *number("contracts_signed", "份", -1),
        Fault("missing_required", "required_missing", "contracts_signed", EMPTY),
    ],
    ("contract_register", "collective_contracts"): [
        CREDIT_CODE,
        *day("signed_on"),
        *code("organisation_code", "220199"),
        *code("contract_type", "QT"),
        *text("contract_type"),
        *number("covered_workers", "人", 0, -8),
        Fault("code_not_in_list", "not_in_code_list", "fulfilment_status", instead("4", "优")),
        Fault("wrong_order", "field_order", "valid_until", instead("2024-12-31")),
    ],
    ("safety_inspection", "safety_inspections"): [
        CREDIT_CODE,
        *day("inspected_on"),
        *code("organisation_code", "净月区总工会", "吉林市总工会"),
        *text("organisation_code"),
        *code("inspection_type", "暗访"),
    ],
    ("safety_inspection", "safety_hazards"): [
        *day("found_on"),
        *code("hazard_level", "特大", "3"),
        *text("hazard_level"),
        Fault("missing_required", "required_missing", "due_on", EMPTY),
        Fault("wrong_order", "field_order", "due_on", instead("2024-12-31")),
        Fault("wrong_order", "field_order", "rectified_on", instead("2024-12-30")),
        Fault("impossible_date", "type_invalid", "rectified_on", instead("2025-02-30", "2025-06-31")),
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {
    "mediation_events": ("case_id", "LT202599999"),
    "safety_hazards": ("inspection_id", "LB202599999"),
}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "mediation_cases": ("LT2025", 5),
    "mediation_events": ("E", 6),
    "labour_contracts": ("LDHT2025", 5),
    "collective_contracts": ("JTHT2025", 4),
    "safety_inspections": ("LB2025", 5),
    "safety_hazards": ("YH2025", 5),
}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {
    "rectified_on": NO_DAY,
    "fulfilment_status": "fulfilled",
}
ENDS: dict[str, str] = {
    "signed_on": "valid_until",
    "found_on": "due_on",
}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "mediation_cases": ("dispute_type", ["wages", "contract", "other"]),
    "mediation_events": ("event_type", ["mediation_held", "agreement", "transferred"]),
    "labour_contracts": ("contracts_signed", [2, 3]),
    "collective_contracts": ("contract_type", ["general", "wages", "safety"]),
    "safety_inspections": ("inspection_type", ["routine", "special"]),
    "safety_hazards": ("hazard_level", ["general", "major"]),
}
