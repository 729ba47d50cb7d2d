"""Employment and business start-up: what each partner calls things, against the canonical names."""

from simulators.vocabulary.organisations import ORGANISATIONS

CODES: dict[str, dict[str, dict[str, str]]] = {
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
        "enrolment_status": {"enrolled": "在读", "completed": "结业", "dropped_out": "退学"},
        "record_status": {"valid": "Y", "withdrawn": "N"},
    },
    "employment_system": {
        "organisation_code": {
            **{o.code: o.code for o in ORGANISATIONS},
            "IND-CONSTRUCTION": "220100-01",
            "IND-TRANSPORT": "220100-02",
            "IND-TRADE": "220100-03",
            "IND-MANUFACTURING": "220100-04",
            "DIR": "220100-99",
        },
        "support_type": {
            "advice": "GUIDE",
            "project_referral": "PROJECT",
            "subsidy": "SUBSIDY",
            "guaranteed_loan": "LOAN",
        },
        "record_status": {"valid": "ACTIVE", "withdrawn": "REVOKED"},
    },
}

FIELDS: dict[tuple[str, str], dict[str, str]] = {
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
    ("training_base", "training_enrolments"): {
        "enrolment_id": "enrol_no",
        "session_id": "class_no",
        "worker_id": "trainee_id_no",
        "enrolled_on": "enrol_date",
        "enrolment_status": "enrol_state",
        "record_status": "valid_flag",
    },
    ("training_base", "training_certificates"): {
        "certificate_id": "cert_no",
        "session_id": "class_no",
        "worker_id": "trainee_id_no",
        "issued_on": "issue_date",
        "certificate_level": "cert_grade",
        "record_status": "valid_flag",
    },
    ("employment_system", "startup_support"): {
        "support_id": "serviceId",
        "worker_id": "certNo",
        "organisation_code": "areaCode",
        "support_type": "serviceType",
        "supported_on": "serviceDate",
        "amount_yuan": "amount",
        "record_status": "dataState",
        "updated_at": "lastModified",
    },
    ("employment_system", "employment_registrations"): {
        "registration_id": "filingId",
        "worker_id": "certNo",
        "employer_credit_code": "unitUscc",
        "organisation_code": "areaCode",
        "occupation": "jobName",
        "hired_on": "hireDate",
        "source_fair_id": "fairCode",
        "source_posting_id": "postCode",
        "record_status": "dataState",
        "updated_at": "lastModified",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "job_fairs": ("fair_id",),
    "job_postings": ("posting_id", "fair_id"),
    "job_applications": ("application_id",),
    "training_sessions": ("session_id",),
    "training_attendances": ("attendance_id",),
    "training_enrolments": ("enrolment_id",),
    "training_certificates": ("certificate_id",),
    "startup_support": ("support_id",),
    "employment_registrations": ("registration_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "job_fair_system": ("job_fairs", "job_postings", "job_applications"),
    "training_base": (
        "training_sessions",
        "training_attendances",
        "training_enrolments",
        "training_certificates",
    ),
    "employment_system": ("startup_support", "employment_registrations"),
}

CONNECTION_IDS: dict[str, str] = {
    "job_fair_system": "job_fair_api",
    "training_base": "training_base_sftp",
    "employment_system": "employment_system_api",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "job_postings": ("job_fairs", ("fair_id",)),
    "job_applications": ("job_postings", ("posting_id", "fair_id")),
    "training_attendances": ("training_sessions", ("session_id",)),
    "training_enrolments": ("training_sessions", ("session_id",)),
    "training_certificates": ("training_sessions", ("session_id",)),
}

DATE_COLUMNS: frozenset[str] = frozenset(
    {
        "fair_date",
        "applied_on",
        "started_on",
        "ended_on",
        "attended_on",
        "enrolled_on",
        "issued_on",
        "supported_on",
        "hired_on",
    }
)
NUMBER_COLUMNS: frozenset[str] = frozenset(
    {"headcount", "monthly_wage_min", "monthly_wage_max", "capacity", "amount_yuan"}
)
MOMENT_COLUMNS: frozenset[str] = frozenset()
