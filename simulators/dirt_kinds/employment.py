"""Employment and business start-up: the dirt of each feed."""

from simulators.dirt_kinds.common import (
    CREDIT_CODE,
    EMPTY,
    RAGGED,
    Fault,
    code,
    day,
    instead,
    number,
    text,
    unit,
    worker,
)
from simulators.vocabulary import ORGANISATION_CODES

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("job_fair_system", "job_fairs"): [
        *day("fair_date"),
        *code("fair_type", "培训班"),
        *code("organisation_code", "净月区"),
        *text("fair_name"),
    ],
    ("job_fair_system", "job_postings"): [
        CREDIT_CODE,
        Fault("missing_required", "required_missing", "employer_credit_code", EMPTY),
        Fault("missing_required", "required_missing", "headcount", EMPTY),
        *number("headcount", "人", 0, -5, 99999),
        Fault("unit_in_number", "type_invalid", "monthly_wage_min", unit("元", "元/月")),
        *text("employer_name"),
        *text("occupation"),
    ],
    ("job_fair_system", "job_applications"): [
        *worker("worker_id"),
        *day("applied_on"),
        *code("stage", "已收藏"),
        *text("stage"),
    ],
    ("training_base", "training_sessions"): [
        *day("started_on"),
        *code("course", "茶艺师"),
        *code("organisation_code", "220199"),
        *text("course"),
        *number("capacity", "人", 0, 9000),
        Fault("wrong_order", "field_order", "ended_on", instead("2025-01-02")),
        *RAGGED,
    ],
    ("training_base", "training_attendances"): [
        *worker("worker_id"),
        *day("attended_on"),
        Fault("code_not_in_list", "not_in_code_list", "certificate_level", instead("特级", "5")),
        *text("certificate_level"),
        *RAGGED,
    ],
    ("training_base", "training_enrolments"): [
        *worker("worker_id"),
        *day("enrolled_on"),
        *code("enrolment_status", "旁听", "9"),
        *text("enrolment_status"),
        *RAGGED,
    ],
    ("training_base", "training_certificates"): [
        *worker("worker_id"),
        *day("issued_on"),
        *code("certificate_level", "特级", "5"),
        *text("certificate_level"),
        *RAGGED,
    ],
    ("employment_system", "startup_support"): [
        *worker("worker_id"),
        *day("supported_on"),
        *code("organisation_code", "220199", "220100-07"),
        *code("support_type", "TAX", "06"),
        *text("support_type"),
        *number("amount_yuan", "元", -5000),
    ],
    ("employment_system", "employment_registrations"): [
        *worker("worker_id"),
        CREDIT_CODE,
        Fault("missing_required", "required_missing", "employer_credit_code", EMPTY),
        *day("hired_on"),
        *code("organisation_code", "220199", "220100-07"),
        *text("occupation"),
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {
    "job_postings": ("fair_id", "F2025999"),
    "job_applications": ("posting_id", "P999999"),
    "training_attendances": ("session_id", "T2025999"),
    "training_enrolments": ("session_id", "T2025999"),
    "training_certificates": ("session_id", "T2025999"),
}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "job_fairs": ("F2025", 3),
    "job_postings": ("P", 6),
    "job_applications": ("A", 7),
    "training_sessions": ("T2025", 3),
    "training_attendances": ("Q", 6),
    "training_enrolments": ("B", 6),
    "training_certificates": ("ZS2025", 5),
    "startup_support": ("CY2025", 5),
    "employment_registrations": ("YG2025", 5),
}
NEVER_MENDED: frozenset[str] = frozenset({"job_fairs", "training_sessions"})
FILLED: dict[str, object] = {
    "certificate_level": "junior",
    "monthly_wage_min": 4000,
    "monthly_wage_max": 6000,
}
ENDS: dict[str, str] = {
    "started_on": "ended_on",
}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "job_fairs": ("organisation_code", list(ORGANISATION_CODES)),
    "job_postings": ("headcount", [2, 3, 4]),
    "job_applications": ("stage", ["applied", "interviewed", "offered"]),
    "training_sessions": ("capacity", [31, 32]),
    "training_attendances": ("certificate_level", ["none", "junior", "intermediate"]),
    "training_enrolments": ("enrolment_status", ["enrolled", "completed", "dropped_out"]),
    "training_certificates": ("certificate_level", ["junior", "intermediate", "senior"]),
    "startup_support": ("support_type", ["advice", "project_referral"]),
    "employment_registrations": ("occupation", ["保安员", "会计"]),
}
