"""Relief of hardship: what each partner calls things, against the canonical names."""

from simulators.vocabulary.organisations import ORGANISATIONS

CODES: dict[str, dict[str, dict[str, str]]] = {
    "hardship_system": {
        "organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "hardship_category": {"deep": "深困", "relative": "相困", "accidental": "意外"},
        "special_group": {
            "women": "女职工",
            "migrant": "农民工",
            "front_line": "一线职工",
            "new_employment": "新就业形态劳动者",
        },
        "relief_kind": {"money": "慰问金", "goods": "慰问品"},
        "record_status": {"valid": "正常", "withdrawn": "撤销"},
    },
}

FIELDS: dict[tuple[str, str], dict[str, str]] = {
    ("hardship_system", "hardship_register"): {
        "register_no": "dabh",
        "worker_name": "xm",
        "worker_id": "sfzh",
        "organisation_code": "ssgh",
        "hardship_category": "knlb",
        "registered_on": "jdrq",
        "special_group": "ssqt",
        "home_address": "jtzz",
        "updated_at": "xgsj",
    },
    ("hardship_system", "relief_payments"): {
        "payment_id": "发放编号",
        "register_no": "档案编号",
        "worker_id": "身份证号码",
        "organisation_code": "发放工会",
        "relief_kind": "救助方式",
        "amount_yuan": "金额(元)",
        "goods_name": "物资名称",
        "paid_on": "发放日期",
        "record_status": "状态",
        "updated_at": "修改时间",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "hardship_register": ("register_no",),
    "relief_payments": ("payment_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "hardship_system": ("hardship_register", "relief_payments"),
}

CONNECTION_IDS: dict[str, str] = {
    "hardship_system": "hardship_system_sftp",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {}

SNAPSHOTS: frozenset[str] = frozenset({"hardship_register"})

DATE_COLUMNS: frozenset[str] = frozenset({"registered_on", "paid_on"})
NUMBER_COLUMNS: frozenset[str] = frozenset({"amount_yuan"})
MOMENT_COLUMNS: frozenset[str] = frozenset()
