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

SPECIAL_GROUPS: dict[str, str] = {
    "women": "女职工",
    "migrant": "农民工",
    "front_line": "一线职工",
    "hardship": "困难职工",
    "new_employment": "新就业形态劳动者",
}
SCREENING_TYPES: dict[str, str] = {
    "gynaecological": "妇科检查",
    "breast": "乳腺癌筛查",
    "cervical": "宫颈癌筛查",
    "occupational_disease": "职业病检查",
}

CODES: dict[str, dict[str, dict[str, str]]] = {
    "maternity_hospital": {
        "organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "service_category": SERVICE_CATEGORIES,
        "special_group": SPECIAL_GROUPS,
        "screening_type": SCREENING_TYPES,
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
        "appointment_status": {"booked": "YY", "fulfilled": "JZ", "cancelled": "QX", "no_show": "SY"},
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
        "partner_id": {
            "maternity_hospital": "FCYY",
            "eye_hospital": "AEYK",
            "orthopaedic_hospital": "CCGS",
            "jiahe_hospital": "JHWK",
        },
        "event_type": {"lecture": "健康讲座", "free_clinic": "义诊"},
        "site_kind": {"employer": "用人单位", "union_station": "工会驿站"},
        "is_complaint": {"yes": "Y", "no": "N"},
        "record_status": {"valid": "有效", "withdrawn": "作废"},
    },
    "orthopaedic_hospital": {
        "organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "service_category": SERVICE_CATEGORIES,
        "special_group": SPECIAL_GROUPS,
        "screening_type": SCREENING_TYPES,
        "record_status": {"valid": "有效", "withdrawn": "作废"},
    },
    "jiahe_hospital": {
        "organisation_code": {o.code: o.code for o in ORGANISATIONS},
        "service_category": {"endoscopy": "NJ-01", "weight_management": "TZ-01", "spine_and_foot": "GK-01"},
        "appointment_status": {
            "booked": "booked",
            "fulfilled": "fulfilled",
            "cancelled": "cancelled",
            "no_show": "noshow",
        },
        "record_status": {"valid": "finished", "withdrawn": "entered-in-error"},
    },
    "counselling_hotline": {
        "organisation_code": {o.code: o.short_zh for o in ORGANISATIONS},
        "channel": {"hotline": "热线", "room": "咨询室"},
        "topic": {
            "work_stress": "工作压力",
            "family": "婚姻家庭",
            "labour_relations": "劳动关系",
            "mental_health": "情绪与心理健康",
            "other": "其他",
        },
        "record_status": {"valid": "0", "withdrawn": "1"},
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
    ("maternity_hospital", "health_screenings"): {
        "screening_id": "筛查编号",
        "worker_name": "姓名",
        "worker_id": "身份证号",
        "special_group": "人员类别",
        "screening_type": "筛查项目",
        "screened_on": "筛查日期",
        "organisation_code": "所属工会",
        "employer_credit_code": "单位统一社会信用代码",
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
    ("eye_hospital", "health_appointments"): {
        "appointment_id": "bookingNo",
        "worker_id": "idCard",
        "service_category": "itemCode",
        "organisation_code": "unitCode",
        "booked_on": "bookDate",
        "scheduled_on": "planDate",
        "appointment_status": "bookingState",
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
    ("mini_program", "service_ratings"): {
        "rating_id": "rateNo",
        "voucher_id": "couponNo",
        "partner_id": "hospital",
        "organisation_code": "unionId",
        "rated_on": "rateDate",
        "score": "stars",
        "is_complaint": "complaint",
        "comment": "content",
        "record_status": "status",
        "updated_at": "updateTime",
    },
    ("orthopaedic_hospital", "health_services"): {
        "service_id": "流水号",
        "worker_name": "姓名",
        "worker_id": "身份证号",
        "phone": "联系电话",
        "service_date": "检查日期",
        "service_category": "检查项目",
        "organisation_code": "所属工会",
        "employer_credit_code": "单位信用代码",
        "satisfaction_score": "满意度",
        "record_status": "状态",
    },
    ("orthopaedic_hospital", "health_screenings"): {
        "screening_id": "筛查编号",
        "worker_name": "姓名",
        "worker_id": "身份证号",
        "special_group": "人员类别",
        "screening_type": "筛查项目",
        "screened_on": "筛查日期",
        "organisation_code": "所属工会",
        "employer_credit_code": "单位信用代码",
        "record_status": "状态",
    },
    ("jiahe_hospital", "health_services"): {
        "service_id": "Encounter.id",
        "worker_name": "Patient.name",
        "worker_id": "Patient.identifier",
        "phone": "Patient.telecom",
        "service_date": "Encounter.period.start",
        "service_category": "Procedure.code",
        "organisation_code": "Patient.managingOrganization",
        "satisfaction_score": "Observation.valueInteger",
        "record_status": "Encounter.status",
        "updated_at": "Encounter.meta.lastUpdated",
    },
    ("jiahe_hospital", "health_appointments"): {
        "appointment_id": "Appointment.id",
        "worker_id": "Patient.identifier",
        "service_category": "Appointment.serviceType",
        "organisation_code": "Patient.managingOrganization",
        "booked_on": "Appointment.created",
        "scheduled_on": "Appointment.start",
        "appointment_status": "Appointment.status",
        "record_status": "Appointment.meta.tag",
        "updated_at": "Appointment.meta.lastUpdated",
    },
    ("counselling_hotline", "counselling_sessions"): {
        "session_id": "工单号",
        "started_at": "开始时间",
        "channel": "服务方式",
        "topic": "咨询类别",
        "duration_minutes": "时长(分钟)",
        "organisation_code": "来电人所属工会",
        "caller_phone": "来电号码",
        "satisfaction_score": "满意度评分",
        "record_status": "作废标志",
        "updated_at": "更新时间",
    },
}

SHEETS: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("orthopaedic_hospital", "health_services"): (
        "service_category",
        {"spine_and_foot": "脊柱侧弯足部畸形", "weight_management": "体重管理"},
    ),
    ("orthopaedic_hospital", "health_screenings"): (
        "special_group",
        {"migrant": "农民工", "front_line": "一线职工", "new_employment": "新就业形态"},
    ),
    ("counselling_hotline", "counselling_sessions"): (
        "channel",
        {"hotline": "sessions_hotline.txt", "room": "sessions_room.txt"},
    ),
}

KEYS: dict[str, tuple[str, ...]] = {
    "health_services": ("service_id",),
    "vouchers": ("voucher_id",),
    "outreach_events": ("event_id",),
    "health_appointments": ("appointment_id",),
    "health_screenings": ("screening_id",),
    "service_ratings": ("rating_id",),
    "counselling_sessions": ("session_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "maternity_hospital": ("health_services", "health_screenings"),
    "eye_hospital": ("health_services", "health_appointments"),
    "mini_program": ("vouchers", "outreach_events", "service_ratings"),
    "orthopaedic_hospital": ("health_services", "health_screenings"),
    "jiahe_hospital": ("health_services", "health_appointments"),
    "counselling_hotline": ("counselling_sessions",),
}

CONNECTION_IDS: dict[str, str] = {
    "maternity_hospital": "maternity_hospital_sftp",
    "eye_hospital": "eye_hospital_api",
    "mini_program": "mini_program_api",
    "orthopaedic_hospital": "orthopaedic_hospital_sftp",
    "jiahe_hospital": "jiahe_hospital_fhir",
    "counselling_hotline": "counselling_hotline_sftp",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {}

DATE_COLUMNS: frozenset[str] = frozenset(
    {
        "service_date",
        "issued_on",
        "expires_on",
        "redeemed_on",
        "event_date",
        "booked_on",
        "scheduled_on",
        "screened_on",
        "rated_on",
    }
)
NUMBER_COLUMNS: frozenset[str] = frozenset({"satisfaction_score", "attendees", "score", "duration_minutes"})
MOMENT_COLUMNS: frozenset[str] = frozenset({"started_at"})
