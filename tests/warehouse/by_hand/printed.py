"""What an issue printed before the batches of Sunday had landed, and what has become of it, by hand."""

from datetime import datetime

from tests.warehouse.fixed_landing import Landing

PRINTED = datetime(2025, 10, 27)
REPLACED = "job_fair_system-job_postings-2025-10-24-2025-10-25"
MORE_POSTINGS = {"job_fair_system-job_postings-2025-10-26-2025-10-27": "added", REPLACED: "removed"}
FEWER_SESSIONS = {"training_base-training_sessions-2025-10-26-2025-10-27": "possible"}


def land(landing: Landing) -> None:
    """To be landed last: an issue is printed from the batches that are there."""
    landing.rows["printed_figures"] = [
        {
            "issue_week": "2025-W43",
            "edition": "city",
            "week_id": week,
            "metric_id": metric,
            "scope_type": "city",
            "scope_code": "220100",
            "figure": figure,
            "printed_value": value,
            "printed_text": value,
            "printed_build_id": "printed",
            "printed_as_of": PRINTED,
            "printed_at": PRINTED,
        }
        for metric, week, figure, value, *_ in FIGURES
    ]
    standing = [batch["batch_id"] for batch in landing.rows["batches"] if batch["landed_at"] <= PRINTED]
    landing.rows["printed_batches"] = [
        {"printed_build_id": "printed", "batch_id": batch_id} for batch_id in [*standing, REPLACED]
    ]


#    metric                    week        figure              then    now     because of      why
FIGURES = [
    ("positions_offered",      "2025-W43", "value",            "12",   "32",   MORE_POSTINGS,  "20 more at F3"),
    ("positions_offered",      "2025-W43", "cumulative_value", "22",   "42",   MORE_POSTINGS,  "with the 10 of F1"),
    ("positions_offered",      "2025-W42", "value",            "10",   None,   {},             "F1 as before"),
    ("training_sessions",      "2025-W43", "value",            "3",    "2",    FEWER_SESSIONS, "T3 is gone"),
    ("mediation_success_rate", "2025-W43", "value",  "0.3333333333",   None,   {},             "as before"),
]  # fmt: skip
