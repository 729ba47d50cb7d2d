"""What each partner calls things: headers, field names and codes, against the canonical names of the contracts.

`ORGANISATIONS` and the canonical code lists are the same codes as the seeds of the warehouse; `PARTNER_*` hold what a
partner writes in their place. Everything the simulated systems serve is translated by these tables and by nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Organisation:
    """One trade-union organisation and its share in the synthetic city (weights are relative)."""

    code: str
    name_zh: str
    short_zh: str
    members: float
    health: float
    employment: float
    rights: float


# members: share of workers; health, employment, rights: how well the organisation keeps up (1 = average).
ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation("220102", "南关区总工会", "南关区", 13.0, 1.30, 1.20, 1.1),
    Organisation("220103", "宽城区总工会", "宽城区", 9.0, 1.05, 1.10, 1.2),
    Organisation("220104", "朝阳区总工会", "朝阳区", 14.0, 1.25, 1.15, 1.3),
    Organisation("220105", "二道区总工会", "二道区", 8.0, 0.75, 0.90, 1.0),
    Organisation("220106", "绿园区总工会", "绿园区", 9.0, 1.10, 0.85, 1.0),
    Organisation("220112", "双阳区总工会", "双阳区", 5.0, 0.80, 0.70, 0.8),
    Organisation("220113", "九台区总工会", "九台区", 6.0, 0.90, 0.80, 0.8),
    Organisation("220122", "农安县总工会", "农安县", 6.0, 0.45, 0.60, 0.7),
    Organisation("220182", "榆树市总工会", "榆树市", 5.5, 0.30, 0.45, 0.6),
    Organisation("220183", "德惠市总工会", "德惠市", 5.5, 0.70, 0.35, 0.7),
    Organisation("220184", "公主岭市总工会", "公主岭市", 6.0, 0.85, 0.75, 0.8),
    Organisation("IND-CONSTRUCTION", "建筑产业工会", "建筑产业工会", 4.0, 0.55, 1.20, 1.6),
    Organisation("IND-TRANSPORT", "交通运输产业工会", "交通运输产业工会", 3.0, 0.90, 0.90, 1.4),
    Organisation("IND-TRADE", "商贸金融产业工会", "商贸金融产业工会", 3.0, 1.20, 1.00, 0.9),
    Organisation("IND-MANUFACTURING", "装备制造产业工会", "装备制造产业工会", 2.0, 1.00, 1.30, 0.9),
    Organisation("DIR", "直属基层工会", "市直属", 2.0, 1.40, 0.80, 0.5),
)
ORGANISATION_CODES: tuple[str, ...] = tuple(o.code for o in ORGANISATIONS)

SERVICE_CATEGORIES: dict[str, str] = {
    "womens_screening": "女职工专项科普检查",
    "eye_education": "眼健康科普",
    "eye_examination": "眼健康检查",
    "spine_and_foot": "脊柱侧弯足部畸形检查",
    "endoscopy": "无痛胃(肠)镜检查",
    "weight_management": "体重管理",
}

# partner -> canonical column -> {canonical code: what the partner writes}
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
    "job_fair_system": {
        "organisation_code": {o.code: o.short_zh for o in ORGANISATIONS},
        "fair_type": {"job_fair": "招聘会", "recruiting_talk": "宣讲会"},
        "stage": {"applied": "已投递", "interviewed": "已面试", "offered": "已发录用通知", "hired": "已入职"},
        "record_status": {"valid": "normal", "withdrawn": "cancelled"},
    },
    "training_base": {
        "organisation_code": {o.code: o.code for o in ORGANISATIONS},
        "course": {
            "electrician": "电工",
            "welder": "焊工",
            "housekeeping": "家政服务",
            "e_commerce": "电子商务",
            "other": "其他",
        },
        "certificate_level": {"none": "无", "junior": "初级", "intermediate": "中级", "senior": "高级"},
        "record_status": {"valid": "Y", "withdrawn": "N"},
    },
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

# (partner, feed) -> {canonical column: partner's header, JSON field or table column}, in the partner's order.
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
    ("job_fair_system", "job_fairs"): {
        "fair_id": "fairCode",
        "fair_name": "title",
        "fair_type": "category",
        "fair_date": "heldOn",
        "organisation_code": "district",
        "record_status": "state",
        "updated_at": "modifiedAt",
    },
    ("job_fair_system", "job_postings"): {
        "posting_id": "postCode",
        "fair_id": "fairCode",
        "employer_credit_code": "companyUscc",
        "employer_name": "companyName",
        "occupation": "jobTitle",
        "headcount": "recruitNum",
        "monthly_wage_min": "salaryLow",
        "monthly_wage_max": "salaryHigh",
        "record_status": "state",
        "updated_at": "modifiedAt",
    },
    ("job_fair_system", "job_applications"): {
        "application_id": "applyNo",
        "posting_id": "postCode",
        "fair_id": "fairCode",
        "worker_id": "applicantIdNo",
        "applied_on": "applyDate",
        "stage": "progress",
        "record_status": "state",
        "updated_at": "modifiedAt",
    },
    ("training_base", "training_sessions"): {
        "session_id": "class_no",
        "course": "course_name",
        "started_on": "begin_date",
        "ended_on": "end_date",
        "organisation_code": "union_code",
        "capacity": "quota",
        "record_status": "valid_flag",
    },
    ("training_base", "training_attendances"): {
        "attendance_id": "sign_no",
        "session_id": "class_no",
        "worker_id": "trainee_id_no",
        "attended_on": "sign_date",
        "certificate_level": "cert_grade",
        "record_status": "valid_flag",
    },
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
    "health_services": ("service_id",),
    "vouchers": ("voucher_id",),
    "outreach_events": ("event_id",),
    "job_fairs": ("fair_id",),
    "job_postings": ("posting_id", "fair_id"),
    "job_applications": ("application_id",),
    "training_sessions": ("session_id",),
    "training_attendances": ("attendance_id",),
    "mediation_cases": ("case_id",),
    "mediation_events": ("event_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "maternity_hospital": ("health_services",),
    "eye_hospital": ("health_services",),
    "mini_program": ("vouchers", "outreach_events"),
    "job_fair_system": ("job_fairs", "job_postings", "job_applications"),
    "training_base": ("training_sessions", "training_attendances"),
    "mediation_center": ("mediation_cases", "mediation_events"),
}

# Airflow connection ids, as the partner files name them.
CONNECTION_IDS: dict[str, str] = {
    "maternity_hospital": "maternity_hospital_sftp",
    "eye_hospital": "eye_hospital_api",
    "mini_program": "mini_program_api",
    "job_fair_system": "job_fair_api",
    "training_base": "training_base_sftp",
    "mediation_center": "mediation_center_db",
}
