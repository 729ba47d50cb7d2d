"""Relief of hardship: the dirt of each feed."""

from simulators.dirt_kinds.common import RAGGED, Fault, bad_byte, code, day, instead, number, text, worker

FAULTS: dict[tuple[str, str], list[Fault]] = {
    ("hardship_system", "hardship_register"): [
        *worker("worker_id"),
        *day("registered_on"),
        *code("hardship_category", "特困", "4"),
        *code("organisation_code", "净月区总工会", "吉林市总工会"),
        Fault("code_not_in_list", "not_in_code_list", "special_group", instead("退役军人", "06")),
        *text("hardship_category"),
    ],
    ("hardship_system", "relief_payments"): [
        *worker("worker_id"),
        *day("paid_on"),
        *code("organisation_code", "净月区总工会"),
        *code("relief_kind", "贷款", "慰问"),
        *text("goods_name"),
        Fault("undecodable_byte", "unreadable_text", "goods_name", bad_byte),
        *number("amount_yuan", "元", -200, 5_000_000),
        *RAGGED,
    ],
}
ORPHANS: dict[str, tuple[str, str]] = {}
NEW_KEYS: dict[str, tuple[str, int]] = {
    "hardship_register": ("KN", 6),
    "relief_payments": ("JZ2025", 5),
}
NEVER_MENDED: frozenset[str] = frozenset()
FILLED: dict[str, object] = {
    "goods_name": "大米、食用油",
}
ENDS: dict[str, str] = {}
CONTRADICTIONS: dict[str, tuple[str, list[object]]] = {
    "hardship_register": ("hardship_category", ["deep", "relative", "accidental"]),
    "relief_payments": ("amount_yuan", [700, 900]),
}
