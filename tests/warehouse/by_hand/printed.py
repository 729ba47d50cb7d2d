"""What an issue printed before the batches of Sunday had landed, and what has become of it, by hand."""

from datetime import date, datetime

from tests.warehouse.fixed_landing import Landing

PRINTED = datetime(2025, 10, 27)
REPLACED = [("job_fair_system", "job_postings"), ("eye_hospital", "health_services")]
"""Of 24 October; they stood when the issue was printed, and do not now."""

Cause = tuple[str, str, str]


def land(landing: Landing) -> None:
    """To be landed last: an issue is printed from the batches that are there."""
    landing.rows["printed_figures"] = [
        {
            "issue_week": "2025-W43",
            "edition": "city",
            "week_id": f"2025-{week}",
            "metric_id": metric,
            "scope_type": scope_type,
            "scope_code": scope_code,
            "figure": figure,
            "printed_value": value,
            "printed_text": value,
            "printed_build_id": "printed",
            "printed_as_of": PRINTED,
            "printed_at": PRINTED,
        }
        for metric, scope_type, scope_code, week, figure, value, *_ in FIGURES
    ]
    named = ("batch_id", "partner", "feed", "interval_start", "interval_end")
    standing = [
        {name: batch[name] for name in named} for batch in landing.rows["batches"] if batch["landed_at"] <= PRINTED
    ]
    replaced = [
        {
            "batch_id": f"{partner}-{feed}-2025-10-24-2025-10-25",
            "partner": partner,
            "feed": feed,
            "interval_start": date(2025, 10, 24),
            "interval_end": date(2025, 10, 25),
        }
        for partner, feed in REPLACED
    ]
    landing.rows["printed_batches"] = [{"printed_build_id": "printed", **batch} for batch in [*standing, *replaced]]


def late(partner: str, feed: str, change: str = "added") -> Cause:
    return (change, partner, f"{partner}-{feed}-2025-10-26-2025-10-27")


def gone(partner: str, feed: str) -> Cause:
    return ("removed", partner, f"{partner}-{feed}-2025-10-24-2025-10-25")


POSTINGS = {late("job_fair_system", "job_postings"), gone("job_fair_system", "job_postings")}
EYE, EYE_GONE = late("eye_hospital", "health_services"), gone("eye_hospital", "health_services")
MATERNITY = late("maternity_hospital", "health_services")
SESSIONS = {late("training_base", "training_sessions", "possible")}
VOUCHERS = {
    late("mini_program", "vouchers", "possible"),
    late("eye_hospital", "health_services", "possible"),
    late("maternity_hospital", "health_services", "possible"),
    EYE_GONE,
}
NOTHING: set[Cause] = set()

#    metric                    scope                            week   figure              then  now    because of; why
FIGURES = [
    ("positions_offered",      "city",    "220100",             "W43", "value",            "12", "32",  POSTINGS,
     "20 more at F3"),
    ("positions_offered",      "city",    "220100",             "W43", "cumulative_value", "22", "42",  POSTINGS,
     "with the 10 of F1"),
    ("positions_offered",      "city",    "220100",             "W42", "value",            "10", "10",  NOTHING,
     "F1 as before"),
    ("positions_offered",      "direct",  "DIR",                "W43", "value",            "0",  "20",  POSTINGS,
     "F3 is theirs; which union's postings were in what is gone, nobody knows"),
    ("positions_offered",      "county",  "220103",             "W43", "value",            "12", "12",  NOTHING,
     "F2 as before"),
    ("health_person_times",    "city",    "220100",             "W43", "value",            "5",  "7",
     {EYE, MATERNITY, EYE_GONE}, "S2 and S5"),
    ("health_person_times",    "county",  "220102",             "W43", "value",            "1",  None,
     {EYE, EYE_GONE}, "S2 at the eye hospital; one person is hidden now"),
    ("health_person_times",    "county",  "220103",             "W43", "value",            "2",  None,
     {MATERNITY, EYE_GONE}, "S5 at the maternity hospital"),
    ("health_person_times",    "partner", "eye_hospital",       "W43", "value",            "1",  None,
     {EYE, EYE_GONE}, "S2"),
    ("health_person_times",    "partner", "maternity_hospital", "W43", "value",            "4",  None,
     {MATERNITY}, "S5; what another hospital had delivered does not touch it"),
    ("vouchers_issued",        "county",  "220104",             "W30", "value",            "4",  "3",   VOUCHERS,
     "12 withdrawn, which leaves nothing; and redemptions are of the same fact"),
    ("training_sessions",      "city",    "220100",             "W43", "value",            "3",  "2",   SESSIONS,
     "T3 is gone"),
    ("mediation_success_rate", "city",    "220100",             "W43", "value",      "0.3333333333", "0.3333333333",
     NOTHING, "as before"),
]  # fmt: skip
