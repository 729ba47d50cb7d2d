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
    "contract_register": {
        "organisation_code": {
            **{o.code: o.code for o in ORGANISATIONS},
            "IND-CONSTRUCTION": "2201JZ",
            "IND-TRANSPORT": "2201JT",
            "IND-TRADE": "2201SM",
            "IND-MANUFACTURING": "2201ZZ",
            "DIR": "2201ZS",
        },
        "contract_type": {"general": "ZH", "wages": "GZ", "women_workers": "NZG", "safety": "AQ"},
        "fulfilment_status": {"fulfilled": "1", "partly_fulfilled": "2", "not_fulfilled": "3"},
        "record_status": {"valid": "Y", "withdrawn": "N"},
    },
    "safety_inspection": {
        "organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "inspection_type": {"routine": "日常", "special": "专项", "occupational_disease": "职业病防治"},
        "hazard_level": {"general": "一般", "major": "重大"},
        "record_status": {"valid": "normal", "withdrawn": "void"},
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
    ("contract_register", "labour_contracts"): {
        "statement_id": "bbbh",
        "employer_credit_code": "dwxydm",
        "organisation_code": "ghdm",
        "as_of_date": "tjrq",
        "employees": "zgrs",
        "contracts_signed": "qdrs",
        "record_status": "yxbz",
        "updated_at": "gxsj",
    },
    ("contract_register", "collective_contracts"): {
        "contract_id": "htbh",
        "employer_credit_code": "dwxydm",
        "organisation_code": "ghdm",
        "contract_type": "htlx",
        "signed_on": "qdrq",
        "valid_until": "yxqz",
        "covered_workers": "fgrs",
        "fulfilment_status": "lxqk",
        "record_status": "yxbz",
        "updated_at": "gxsj",
    },
    ("safety_inspection", "safety_inspections"): {
        "inspection_id": "check_no",
        "inspected_on": "check_date",
        "organisation_code": "union_name",
        "employer_credit_code": "company_code",
        "inspection_type": "check_type",
        "record_status": "record_state",
        "updated_at": "changed_at",
    },
    ("safety_inspection", "safety_hazards"): {
        "hazard_id": "hazard_no",
        "inspection_id": "check_no",
        "hazard_level": "hazard_grade",
        "found_on": "found_date",
        "due_on": "deadline",
        "rectified_on": "fixed_date",
        "record_status": "record_state",
        "updated_at": "changed_at",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "mediation_cases": ("case_id",),
    "mediation_events": ("event_id",),
    "labour_contracts": ("statement_id",),
    "collective_contracts": ("contract_id",),
    "safety_inspections": ("inspection_id",),
    "safety_hazards": ("hazard_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "mediation_center": ("mediation_cases", "mediation_events"),
    "contract_register": ("labour_contracts", "collective_contracts"),
    "safety_inspection": ("safety_inspections", "safety_hazards"),
}

CONNECTION_IDS: dict[str, str] = {
    "mediation_center": "mediation_center_db",
    "contract_register": "contract_register_db",
    "safety_inspection": "safety_inspection_api",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mediation_events": ("mediation_cases", ("case_id",)),
    "safety_hazards": ("safety_inspections", ("inspection_id",)),
}

DATE_COLUMNS: frozenset[str] = frozenset(
    {"accepted_on", "as_of_date", "signed_on", "valid_until", "inspected_on", "found_on", "due_on", "rectified_on"}
)
NUMBER_COLUMNS: frozenset[str] = frozenset({"employees", "contracts_signed", "covered_workers"})
MOMENT_COLUMNS: frozenset[str] = frozenset({"event_at"})
