"""Workers' health: what each partner calls things, against the canonical names."""

from simulators.vocabulary.organisations import ORGANISATIONS

SERVICE_CATEGORIES: dict[str, str] = {
    "womens_screening": "女职工专项科普检查",
    "eye_education": "眼健康科普",
    "eye_examination": "眼健康检查",
    "spine_and_foot": "脊柱侧弯足部畸形检查",
    "endoscopy": "无痛胃(肠)镜检查",
    "weight_management": "体重管理",
}

CODES: dict[str, dict[str, dict[str, str]]] = {
    "maternity_hospital": {
        "organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "service_category": SERVICE_CATEGORIES,
        "record_status": {"valid": "有效", "withdrawn": "作废"},
    },
    "eye_hospital": {
        "organisation_code": {
            **{o.code: o.code for o in ORGANISATIONS},
            "IND-CONSTRUCTION": "CY01",
            "IND-TRANSPORT": "CY02",
            "IND-TRADE": "CY03",
            "IND-MANUFACTURING": "CY04",
            "DIR": "ZS00",
        },
        "service_category": {"eye_education": "EH01", "eye_examination": "EH02"},
        "record_status": {"valid": "1", "withdrawn": "0"},
    },
    "mini_program": {
        "organisation_code": {
            **{o.code: f"U{o.code}" for o in ORGANISATIONS},
            "IND-CONSTRUCTION": "UIND1",
            "IND-TRANSPORT": "UIND2",
            "IND-TRADE": "UIND3",
            "IND-MANUFACTURING": "UIND4",
            "DIR": "UDIR",
        },
        "voucher_type": {"free": "免费券", "discounted": "优惠券"},
        "partner_id": {"maternity_hospital": "FCYY", "eye_hospital": "AEYK"},
        "event_type": {"lecture": "健康讲座", "free_clinic": "义诊"},
        "site_kind": {"employer": "用人单位", "union_station": "工会驿站"},
        "record_status": {"valid": "有效", "withdrawn": "作废"},
    },
}

FIELDS: dict[tuple[str, str], dict[str, str]] = {
    ("maternity_hospital", "health_services"): {
        "service_id": "流水号",
        "worker_name": "姓名",
        "worker_id": "身份证号",
        "phone": "联系电话",
        "service_date": "服务日期",
        "service_category": "服务项目",
        "organisation_code": "所属工会",
        "employer_credit_code": "单位统一社会信用代码",
        "voucher_id": "服务券号",
        "satisfaction_score": "满意度",
        "record_status": "记录状态",
    },
    ("eye_hospital", "health_services"): {
        "service_id": "recordNo",
        "worker_name": "patientName",
        "worker_id": "idCard",
        "phone": "mobile",
        "service_date": "visitDate",
        "service_category": "itemCode",
        "organisation_code": "unitCode",
        "employer_credit_code": "companyCode",
        "voucher_id": "voucherNo",
        "satisfaction_score": "score",
        "record_status": "status",
        "updated_at": "updatedAt",
    },
    ("mini_program", "vouchers"): {
        "voucher_id": "couponNo",
        "worker_id": "userIdNo",
        "organisation_code": "unionId",
        "voucher_type": "couponType",
        "partner_id": "hospital",
        "issued_on": "issueDate",
        "expires_on": "expireDate",
        "redeemed_on": "useDate",
        "record_status": "status",
        "updated_at": "updateTime",
    },
    ("mini_program", "outreach_events"): {
        "event_id": "activityNo",
        "event_date": "activityDate",
        "event_type": "activityType",
        "organisation_code": "unionId",
        "site_id": "siteNo",
        "site_kind": "siteKind",
        "site_name": "siteName",
        "employer_credit_code": "creditCode",
        "attendees": "attendance",
        "record_status": "status",
        "updated_at": "updateTime",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "health_services": ("service_id",),
    "vouchers": ("voucher_id",),
    "outreach_events": ("event_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "maternity_hospital": ("health_services",),
    "eye_hospital": ("health_services",),
    "mini_program": ("vouchers", "outreach_events"),
}

CONNECTION_IDS: dict[str, str] = {
    "maternity_hospital": "maternity_hospital_sftp",
    "eye_hospital": "eye_hospital_api",
    "mini_program": "mini_program_api",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {}

DATE_COLUMNS: frozenset[str] = frozenset({"service_date", "issued_on", "expires_on", "redeemed_on", "event_date"})
NUMBER_COLUMNS: frozenset[str] = frozenset({"satisfaction_score", "attendees"})
MOMENT_COLUMNS: frozenset[str] = frozenset()
