"""Figures of one domain, by hand. Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""

from datetime import date
from decimal import Decimal

from tests.warehouse.fixed_landing import SATURDAY, SUNDAY, Landing, Row, day

FIRST_SNAPSHOT = (date(2025, 1, 1), date(2025, 10, 13))  # Sunday 12 October
SECOND_SNAPSHOT = (date(2025, 10, 13), date(2025, 10, 20))  # Sunday 19 October; then none until Saturday's


def land(landing: Landing) -> None:
    south, north = "220102", "220103"

    def file(number: str, worker: str, organisation: str, registered_on: date) -> Row:
        row = {"register_no": number, "worker_key": worker, "organisation_code": organisation}
        return row | {"hardship_category": "deep", "registered_on": registered_on}

    k1, k3 = file("K1", "w1", south, date(2024, 6, 1)), file("K3", "w3", north, date(2025, 1, 2))
    k2, k2_again = file("K2", "w2", south, day("10-06")), file("K2", "w2", south, day("10-22"))
    k4, k5 = file("K4", "w4", south, day("10-13")), file("K5", "w5", south, day("10-18"))
    k1_moved = k1 | {"organisation_code": north}

    def snapshot(interval: tuple[date, date], *files: Row) -> None:
        landing.land("hardship_system", "hardship_register", interval, list(files))

    snapshot(FIRST_SNAPSHOT, k1, k2, k3)
    snapshot(SECOND_SNAPSHOT, k1, k3, k4)
    snapshot(SATURDAY, k1_moved, k2_again, k3, k4, k5)
    snapshot(SUNDAY, k1_moved, k2_again, k4, k5)

    def relief(number: str, worker: str, register_no: str | None, kind: str, yuan: str, paid_on: date) -> Row:
        row = {"payment_id": number, "worker_key": worker, "register_no": register_no, "organisation_code": south}
        return row | {"relief_kind": kind, "amount_yuan": Decimal(yuan), "paid_on": paid_on}

    payments = [
        relief("P1", "w1", "K1", "money", "500", day("10-19")),
        relief("P2", "w1", "K1", "money", "300.50", day("10-20")),
        relief("P4", "w9", None, "money", "1000", day("10-21")),
        relief("P5", "w2", "K2", "goods", "180", day("10-21")),
        relief("P6", "w2", "K2", "money", "800", day("02-10")),
        relief("P7", "w4", "K4", "money", "2000", day("10-22")),
        relief("P8", "c1", None, "money", "100", day("01-06")),
        relief("P9", "c1", None, "money", "100", day("01-12")),
    ]
    landing.land("hardship_system", "relief_payments", FIRST_SNAPSHOT, [])
    landing.land("hardship_system", "relief_payments", (date(2025, 10, 13), date(2025, 10, 25)), payments)
    landing.land("hardship_system", "relief_payments", SATURDAY, [])
    last = [relief("P3", "w3", "K3", "goods", "220", day("10-26")), payments[5] | {"record_status": "withdrawn"}]
    landing.land("hardship_system", "relief_payments", SUNDAY, last)


#    metric                        week   value     to date   why
VALUES = [
    ("hardship_on_register",       "W41", "3",      "3",      "K1, K2, K3 on the first snapshot"),
    ("hardship_on_register",       "W42", "4",      "4",      "K2 left, K4 came; K5 opened on Saturday, seen later"),
    ("hardship_on_register",       "W43", "4",      "4",      "K2 came back, K3 left on Sunday"),
    ("hardship_entered",           "W01", "1",      "1",      "K3 on 2 January; K1 was opened the year before"),
    ("hardship_entered",           "W42", "2",      "4",      "K4 and K5; K2 was opened in week 41"),
    ("hardship_entered",           "W43", "1",      "5",      "K2 again; K1 only changed its union"),
    ("hardship_left",              "W42", "1",      "1",      "K2"),
    ("hardship_left",              "W43", "1",      "2",      "K3 on Sunday; nobody on the nights without a snapshot"),
    ("relief_person_times",        "W42", "1",      "4",      "P1; in the year P6, P8, P9 too"),
    ("relief_person_times",        "W43", "4",      "8",      "P2, P3, P4, P5; P7 was withdrawn"),
    ("relief_persons",             "W02", "1",      "1",      "c1 on Monday and on Sunday"),
    ("relief_persons",             "W43", "4",      "5",      "w1, w2, w3, w9; in the year c1 too"),
    ("relief_money_yuan",          "W42", "500",    "1500",   "P1; in the year 800 and twice 100 before"),
    ("relief_money_yuan",          "W43", "1300.5", "2800.5", "P2 and P4; P7 was withdrawn"),
    ("relief_goods_yuan",          "W42", "0",      "0",      "no goods"),
    ("relief_goods_yuan",          "W43", "400",    "400",    "P3 and P5"),
    ("hardship_relief_coverage",   "W42", "0.25",   "0.5",    "w1 of 4; in the year w2 too, by the file that P6 names"),
    ("hardship_relief_coverage",   "W43", "0.25",   "0.5",    "w1 of 4; w2 was away on the 21st, w3 gone on the 26th"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("county", "220102",           "hardship_on_register",     "3",     "K2, K4, K5; K1 went north"),
    ("county", "220103",           "hardship_on_register",     "1",     "K1; K3 left"),
    ("county", "220102",           "hardship_entered",         None,    "one worker"),
    ("county", "220102",           "relief_money_yuan",        None,    "two workers"),
    ("partner",      "hardship_system", "hardship_on_register",    "4",     "as the city"),
]  # fmt: skip

#    metric                    target    completion  expected  status        why, in 2025-W43
PROGRESS = [
    ("hardship_entered",         None,    None,       None,     None,         "no target"),
]  # fmt: skip
