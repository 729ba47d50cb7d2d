"""Figures over all domains, by hand: whoever the others land. Members are those of the seed, 1,500,000."""

from tests.warehouse.fixed_landing import Landing


def land(landing: Landing) -> None:
    """Nothing of its own."""


#    metric                        week   value     to date   why
VALUES = [
    ("workers_served",             "W02", "1",      "1",      "c1, given relief twice"),
    ("workers_served",             "W42", "4",      "6",      "w1 in many feeds, w2, w4, w6; in the year c1, w7"),
    ("workers_served",             "W43", "6",      "9",      "w1 to w5 and w9; c1, w6, w7 before"),
    ("worker_coverage",            "W01", "0",      "0",      "w7 was served two days before the year began"),
    ("worker_coverage",            "W43", "0.000004", "0.000006", "6 of 1,500,000; in the year 9"),
    ("publicity_reach_per_member", "W42", "0.0002", "0.0008666667", "300 reached; in the year 1300"),
    ("publicity_reach_per_member", "W43", "0.0000333333", "0.0009", "50; in the year 1350"),
    ("womens_screening_coverage",  "W42", "0.0000016035", "0.0000016035", "w2 of 623,624 women"),
    ("womens_screening_coverage",  "W43", "0.0000032071", "0.0000032071", "w1, w2; w2 once in the year"),
    ("migrant_screening_coverage", "W42", "0",      "0",      "nobody"),
    ("migrant_screening_coverage", "W43", "0.0000041002", "0.0000041002", "w1, w4 of 487,780"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("project", "hardship_relief", "workers_served",         None,           "4 workers"),
    ("county", "220103", "publicity_reach_per_member",       "0.0003793137", "50 by 131,817 members"),
]  # fmt: skip

PROGRESS = [
    ("worker_coverage",          None,    None,       None,     None,         "no target"),
]  # fmt: skip
