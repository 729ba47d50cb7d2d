"""Leadership: what each partner calls things, against the canonical names."""

from simulators.vocabulary.organisations import ORGANISATIONS

CODES: dict[str, dict[str, dict[str, str]]] = {
    "leadership_office": {
        "organisation_code": {o.code: o.code for o in ORGANISATIONS},
        "owner_organisation_code": {o.code: o.name_zh for o in ORGANISATIONS},
        "domain": {
            "health": "职工健康",
            "employment": "就业创业",
            "rights": "权益保障",
            "hardship": "困难帮扶",
            "leadership": "组织保障",
        },
        "action_state": {"open": "未启动", "in_progress": "办理中", "done": "办结", "cancelled": "取消"},
        "channel": {
            "wechat": "公众号",
            "website": "门户网站",
            "newspaper": "报纸",
            "television": "电视",
            "poster": "展板海报",
        },
        "record_status": {"valid": "有效", "withdrawn": "作废"},
    },
}

FIELDS: dict[tuple[str, str], dict[str, str]] = {
    ("leadership_office", "meeting_actions"): {
        "action_id": "事项编号",
        "meeting_date": "会议日期",
        "title": "议定事项",
        "domain": "领域",
        "owner_organisation_code": "责任工会",
        "owner_department": "牵头部门",
        "due_on": "完成时限",
        "completed_on": "完成日期",
        "action_state": "办理状态",
        "record_status": "是否有效",
    },
    ("leadership_office", "publicity_items"): {
        "item_id": "id",
        "published_on": "publishDate",
        "channel": "channel",
        "organisation_code": "union",
        "title": "title",
        "reach": "reach",
        "record_status": "status",
        "updated_at": "editedAt",
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "meeting_actions": ("action_id",),
    "publicity_items": ("item_id",),
}

PARTNERS: dict[str, tuple[str, ...]] = {
    "leadership_office": ("meeting_actions", "publicity_items"),
}

CONNECTION_IDS: dict[str, str] = {
    "leadership_office": "leadership_office_fs",
}

PARENTS: dict[str, tuple[str, tuple[str, ...]]] = {}

DATE_COLUMNS: frozenset[str] = frozenset({"meeting_date", "due_on", "completed_on", "published_on"})
NUMBER_COLUMNS: frozenset[str] = frozenset({"reach"})
MOMENT_COLUMNS: frozenset[str] = frozenset()
