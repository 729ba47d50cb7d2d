"""Protection of rights: what each partner calls things, against the canonical names."""

from simulators.vocabulary.organisations import ORGANISATIONS

CODES: dict[str, dict[str, dict[str, str]]] = {
    "mediation_center": {
        "organisation_code": {
            **{o.code: o.code for o in ORGANISATIONS},
            "IND-CONSTRUCTION": "2201C1",
            "IND-TRANSPORT": "2201C2",
            "IND-TRADE": "2201C3",
            "IND-MANUFACTURING": "2201C4",
            "DIR": "2201Z0",
        },
        "dispute_type": {
            "wages": "01",
            "contract": "02",
            "social_insurance": "03",
            "work_injury": "04",
            "termination": "05",
            "other": "99",
        },
        "event_type": {
            "accepted": "SL",
            "mediation_held": "TJ",
            "agreement": "XY",
            "no_agreement": "WX",
            "withdrawn": "CH",
            "transferred": "YS",
            "reopened": "CQ",
        },
        "record_status": {"valid": "1", "withdrawn": "0"},
    },
}

FIELDS: dict[tuple[str, str], dict[str, str]] = {
    ("mediation_center", "mediation_cases"): {
        "case_id": "ajbh",
        "accepted_on": "slrq",
        "organisation_code": "ghbm",
        "dispute_type": "zylx",
        "applicant_id": "sqrzjh",
        "employer_credit_code": "dwxydm",
        "record_status": "zt",
        "updated_at": "gxsj",
    },
    ("mediation_center", "mediation_events"): {
        "event_id": "lsh",
        "case_id": "ajbh",
        "event_type": "sjlx",
        "event_at": "sjsj",
        "record_status": "zt",
        "updated_at": "gxsj",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "mediation_cases": ("case_id",),
    "mediation_events": ("event_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "mediation_center": ("mediation_cases", "mediation_events"),
}

CONNECTION_IDS: dict[str, str] = {
    "mediation_center": "mediation_center_db",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mediation_events": ("mediation_cases", ("case_id",)),
}

DATE_COLUMNS: frozenset[str] = frozenset({"accepted_on"})
NUMBER_COLUMNS: frozenset[str] = frozenset()
MOMENT_COLUMNS: frozenset[str] = frozenset({"event_at"})
