"""Figures of one domain, by hand. Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.warehouse.fixed_landing import HISTORY, SATURDAY, SUNDAY, Landing, Row, day


def land(landing: Landing) -> None:
    south, north = "220102", "220103"

    def fair(number: str, fair_type: str, fair_date: date, organisation: str) -> Row:
        row = {"fair_id": number, "fair_name": "秋季招聘会", "fair_type": fair_type}
        return row | {"fair_date": fair_date, "organisation_code": organisation}

    def posting(number: str, fair_id: str, headcount: int, employer: str = "91220101MA0000000X") -> Row:
        row = {"posting_id": number, "fair_id": fair_id, "headcount": headcount, "occupation": "焊工"}
        return row | {"employer_credit_code": employer, "employer_name": "长春某厂"}

    def application(
        number: str, posting_id: str, fair_id: str, applied_on: date, worker: str = "w1", stage: str = "applied"
    ) -> Row:
        row = {"application_id": number, "posting_id": posting_id, "fair_id": fair_id}
        return row | {"worker_key": worker, "applied_on": applied_on, "stage": stage}

    fairs = [fair("F1", "job_fair", day("10-18"), south), fair("F2", "recruiting_talk", day("10-25"), north)]
    postings = [posting("P1", "F1", 10), posting("P1", "F2", 12), posting("P3", "F9", 100)]
    first = [application("J3", "P1", "F1", day("10-18")), application("J5", "P1", "F1", day("10-18"), "w2")]
    applications = [
        application("J1", "P1", "F2", day("10-25")), application("J2", "P3", "F9", day("10-25"), "w9"),
        application("J3", "P1", "F1", day("10-18"), stage="hired"),
    ]  # fmt: skip
    hired_then_withdrawn = application("J5", "P1", "F1", day("10-18"), "w2", "hired") | {"record_status": "withdrawn"}
    landing.land("job_fair_system", "job_fairs", HISTORY, fairs)
    landing.land("job_fair_system", "job_postings", HISTORY, postings)
    landing.land("job_fair_system", "job_applications", HISTORY, first)
    landing.land("job_fair_system", "job_applications", SATURDAY, applications)
    landing.land("job_fair_system", "job_fairs", SUNDAY, [fair("F3", "job_fair", day("10-26"), "DIR")])
    more_postings = [posting("P1", "F3", 15), posting("P2", "F3", 5, "91220102MA1111111Y")]
    landing.land("job_fair_system", "job_postings", SUNDAY, more_postings)
    landing.land("job_fair_system", "job_applications", SUNDAY, [
        hired_then_withdrawn, application("J4", "P2", "F3", day("10-26"), "w3", "offered"),
        application("J6", "P2", "F3", day("10-26"), "w4", "hired"),
    ])  # fmt: skip

    def session(number: str, started_on: date, **more: Any) -> Row:
        row = {"session_id": number, "started_on": started_on, "ended_on": started_on + timedelta(days=5)}
        return row | {"course": "welder", "organisation_code": "IND-TRADE", "capacity": 40} | more

    def attendance(number: str, session_id: str, worker: str, attended_on: date) -> Row:
        return {"attendance_id": number, "session_id": session_id, "worker_key": worker, "attended_on": attended_on}

    sessions = [session("T1", day("10-19")), session("T2", day("10-20")), session("T3", day("10-20"))]
    attendances = [
        attendance("A1", "T1", "w1", day("10-19")), attendance("A2", "T1", "w1", day("10-20")),
        attendance("A3", "T2", "w2", day("10-20")), attendance("A4", "T9", "w2", day("10-20")),
        attendance("A5", "T3", "w3", day("10-20")),
    ]  # fmt: skip
    landing.land("training_base", "training_sessions", HISTORY, sessions)
    landing.land("training_base", "training_attendances", HISTORY, attendances)
    landing.land("training_base", "training_sessions", SUNDAY, [session("T3", day("10-20"), record_status="withdrawn")])

    def enrolment(number: str, session_id: str, enrolled_on: date, status: str) -> Row:
        row = {"enrolment_id": number, "session_id": session_id, "worker_key": f"w{number}", "enrolled_on": enrolled_on}
        return row | {"enrolment_status": status}

    def certificate(number: str, session_id: str, issued_on: date, level: str) -> Row:
        row = {"certificate_id": number, "session_id": session_id, "worker_key": "w1", "issued_on": issued_on}
        return row | {"certificate_level": level}

    # T1 ends on Friday 24 October, T2 on Saturday 25 October, T4 a day after the last that has come.
    landing.land("training_base", "training_sessions", SATURDAY, [session("T4", day("10-22"), capacity=10)])
    enrolments = [
        enrolment("B1", "T1", day("10-12"), "enrolled"), enrolment("B2", "T1", day("10-13"), "completed"),
        enrolment("B3", "T1", day("10-19"), "dropped_out"), enrolment("B4", "T1", day("10-20"), "enrolled"),
        enrolment("B5", "T2", day("10-20"), "completed"), enrolment("B6", "T9", day("10-20"), "completed"),
        enrolment("B7", "T4", day("10-20"), "dropped_out"),
    ]  # fmt: skip
    landing.land("training_base", "training_enrolments", HISTORY, enrolments)
    landing.land("training_base", "training_enrolments", SUNDAY, [enrolment("B1", "T1", day("10-12"), "completed")])
    certificates = [
        certificate("Z1", "T1", day("10-19"), "junior"), certificate("Z2", "T1", day("10-20"), "senior"),
        certificate("Z3", "T1", day("10-20"), "none"), certificate("Z4", "T9", day("10-20"), "junior"),
    ]  # fmt: skip
    landing.land("training_base", "training_certificates", HISTORY, certificates)
    landing.land("training_base", "training_certificates", SUNDAY, [certificate("Z5", "T2", day("10-26"), "junior")])

    def registration(number: str, worker: str, hired_on: date, fair_id: str | None, **more: Any) -> Row:
        row = {"registration_id": number, "worker_key": worker, "hired_on": hired_on, "source_fair_id": fair_id}
        return row | {"employer_credit_code": "91220101MA0000000X", "organisation_code": south} | more

    registrations = [
        registration("Y1", "w1", day("10-20"), "F1"), registration("Y2", "w2", day("10-19"), "F9"),
        registration("Y3", "w5", day("10-19"), None), registration("Y4", "w6", day("10-21"), "F1"),
    ]  # fmt: skip
    landing.land("employment_system", "employment_registrations", HISTORY, registrations)
    corrected = [
        registration("Y1", "w1", day("10-19"), "F1"),
        registration("Y4", "w6", day("10-21"), "F1", record_status="withdrawn"),
        registration("Y5", "w7", day("10-26"), "F3"), registration("Y6", "w8", day("10-20"), None),
    ]  # fmt: skip
    landing.land("employment_system", "employment_registrations", SUNDAY, corrected)

    def support(number: str, worker: str, supported_on: date, kind: str, amount: str | None = None) -> Row:
        row = {"support_id": number, "worker_key": worker, "supported_on": supported_on, "support_type": kind}
        return row | {"organisation_code": north, "amount_yuan": amount and Decimal(amount)}

    services = [
        support("C1", "w1", day("10-19"), "advice"), support("C2", "w1", day("10-19"), "subsidy", "5000.50"),
        support("C3", "w2", day("10-20"), "guaranteed_loan", "80000"),
        support("C4", "w1", day("10-20"), "subsidy", "300"),
    ]  # fmt: skip
    landing.land("employment_system", "startup_support", HISTORY, services)
    landing.land("employment_system", "startup_support", SUNDAY, [
        support("C3", "w2", day("10-20"), "guaranteed_loan", "90000"),
        support("C5", "w2", day("10-26"), "project_referral"),
        support("C6", "w3", day("10-26"), "subsidy", "700"),
    ])  # fmt: skip


#    metric                        week   value     to date   why
VALUES = [
    ("training_sessions",          "W42", "1",      "1",      "T1 starts on Sunday"),
    ("training_sessions",          "W43", "2",      "3",      "T2, T4; T3 was withdrawn"),
    ("training_place_use_rate",    "W41", None,     None,     "no session yet"),
    ("training_place_use_rate",    "W42", "0.025",  "0.025",  "w1 on 1 of 40 places of T1, though there twice"),
    ("training_place_use_rate",    "W43", "0.02",   "0.0222222222", "w2 on T2, nobody on T4: 1 of 50, 2 of 90"),
    ("training_enrolments",        "W41", "1",      "1",      "B1 on Sunday 12 October, though corrected later"),
    ("training_enrolments",        "W42", "2",      "3",      "B2, B3"),
    ("training_enrolments",        "W43", "3",      "6",      "B4, B5, B7; B6 has no session"),
    ("training_persons",           "W42", "1",      "1",      "w1"),
    ("training_persons",           "W43", "2",      "2",      "w1 again, w2; to date w1 was there already"),
    ("training_completion_rate",   "W42", None,     None,     "no session has ended"),
    ("training_completion_rate",   "W43", "0.75",   "0.75",   "B1, B2, B5 of these and B3; B4 has not said, T4 runs"),
    ("certificates_issued",        "W42", "1",      "1",      "Z1"),
    ("certificates_issued",        "W43", "2",      "3",      "Z2, Z5; Z3 is of no level, Z4 has no session"),
    ("training_person_times",      "W42", "1",      "1",      "A1"),
    ("training_person_times",      "W43", "2",      "3",      "A2, A3; A4 and A5 have no session"),
    ("job_fairs",                  "W42", "1",      "1",      "F1"),
    ("job_fairs",                  "W43", "1",      "2",      "F3; F2 is a talk"),
    ("recruiting_talks",           "W43", "1",      "1",      "F2"),
    ("positions_offered",          "W42", "10",     "10",     "P1 at F1"),
    ("positions_offered",          "W43", "32",     "42",     "P1 again at F2 and F3, P2; P3 has no fair"),
    ("positions_offered_distinct", "W42", "10",     "10",     "P1 at its first fair"),
    ("positions_offered_distinct", "W43", "5",      "15",     "P2 only"),
    ("recruiting_employers",       "W42", "1",      "1",      "the employer of P1"),
    ("recruiting_employers",       "W43", "2",      "2",      "that of P1 again, that of P2; P3 has no fair"),
    ("job_applications",           "W42", "1",      "1",      "J3; J5 was withdrawn"),
    ("job_applications",           "W43", "3",      "4",      "J1, J4, J6; J2 has no posting"),
    ("job_applicants",             "W42", "1",      "1",      "w1"),
    ("job_applicants",             "W43", "3",      "3",      "w1 again, w3, w4"),
    ("fair_hires",                 "W42", "1",      "1",      "J3, known on 25 October, counts when it was made"),
    ("fair_hires",                 "W43", "1",      "2",      "J6; J4 is only offered"),
    ("fair_hire_rate",             "W41", None,     None,     "nobody applied"),
    ("fair_hire_rate",             "W42", "1",      "1",      "J3 of J3"),
    ("fair_hire_rate",             "W43", "0.3333333333", "0.5", "J6 of three; two of four to date"),
    ("registered_hires",           "W42", "3",      "3",      "Y1 as corrected, Y2, Y3"),
    ("registered_hires",           "W43", "2",      "5",      "Y5, Y6; Y4 was withdrawn"),
    ("registered_fair_hires",      "W42", "1",      "1",      "Y1; the fair that Y2 names is unknown"),
    ("registered_fair_hires",      "W43", "1",      "2",      "Y5; Y6 names none"),
    ("startup_services",           "W42", "2",      "2",      "C1, C2"),
    ("startup_services",           "W43", "4",      "6",      "C3 as corrected, C4, C5, C6"),
    ("startup_persons",            "W42", "1",      "1",      "w1 twice"),
    ("startup_persons",            "W43", "3",      "3",      "w2 twice, w3, w1 again"),
    ("startup_subsidies_yuan",     "W42", "5000.5", "5000.5", "C2; C1 is advice"),
    ("startup_subsidies_yuan",     "W43", "1000",   "6000.5", "C4, C6; C3 is a loan"),
    ("startup_loans_yuan",         "W42", "0",      "0",      "no loan yet"),
    ("startup_loans_yuan",         "W43", "90000",  "90000",  "C3 as corrected"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("direct", "DIR",              "positions_offered",        "20",    "both postings of F3"),
    ("county", "220122",           "positions_offered",        "0",     "a union without a fair has a zero"),
    ("partner", "job_fair_system", "recruiting_employers",     "2",     "employers are no persons: none is hidden"),
    ("industry", "IND-TRADE",      "training_completion_rate", None,    "4 workers ended"),
    ("county", "220103",           "startup_subsidies_yuan",   None,    "2 workers were paid"),
    ("county", "220102",           "registered_hires",         None,    "2 workers"),
    ("project", "startup_support", "startup_services",         "4",     "the whole city's"),
]  # fmt: skip

#    metric                    target    completion  expected  status        why, in 2025-W43
PROGRESS = [
    ("training_sessions",        "100",   "0.03",   "0.8191780822", "far_behind", "day 299 of 365"),
    ("job_fairs",                "20",    "0.1",    "0.8191780822", "far_behind", "2 of 20"),
]  # fmt: skip
