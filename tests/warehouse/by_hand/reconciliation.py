"""What two sources say of the same voucher, hire or worker, by hand. 28 July is 90 days before Sunday 26 October."""

from datetime import date
from typing import Any

from tests.warehouse.fixed_landing import HISTORY, SUNDAY, Landing, Row, day

EYE, MATERNITY = "eye_hospital", "maternity_hospital"
SOUTH, NORTH = "220102", "220103"
MILL, SHOP = "91220101MA0000000X", "91220102MA1111111Y"


def land(landing: Landing) -> None:
    def voucher(number: str, worker: str, redeemed_on: date | None, **more: Any) -> Row:
        row: Row = {"voucher_id": number, "worker_key": worker, "organisation_code": SOUTH, "partner_id": EYE}
        row |= {"voucher_type": "free", "issued_on": day("10-01"), "expires_on": day("12-30")}
        return row | {"redeemed_on": redeemed_on} | more

    def service(number: str, worker: str, service_date: date, voucher_id: str, organisation: str = SOUTH) -> Row:
        row: Row = {"service_id": number, "worker_key": worker, "service_date": service_date, "voucher_id": voucher_id}
        row |= {"organisation_code": organisation, "service_category": "eye_examination"}
        return row | {"sex": "female", "age_band": "35-44"}

    vouchers = [
        voucher("V1", "w1", day("10-20")), voucher("V2", "w2", day("10-19")), voucher("V3", "w3", None),
        voucher("V4", "w4", day("10-21")), voucher("V5", "w5", day("10-22")), voucher("V6", "w6", day("10-22")),
        voucher("V7", "w7", None), voucher("V8", "w8", day("10-23")),
    ]  # fmt: skip
    landing.land("mini_program", "vouchers", HISTORY, vouchers)
    landing.land("mini_program", "vouchers", SUNDAY, [voucher("V8", "w8", day("10-23"), record_status="withdrawn")])
    at_eye = [
        service("S1", "w1", day("10-20"), "V1"), service("S2", "w2", day("10-20"), "V2"),
        service("S3", "w3", day("10-19"), "V3"), service("S6", "w16", day("10-22"), "V6"),
        service("S8", "w8", day("10-23"), "V8"),
    ]  # fmt: skip
    landing.land(EYE, "health_services", HISTORY, at_eye)
    at_maternity = [service("S5", "w5", day("10-22"), "V5", NORTH)]
    landing.land(MATERNITY, "health_services", HISTORY, at_maternity)

    def application(number: str, worker: str, posting: str, applied_on: date, stage: str) -> Row:
        row: Row = {"application_id": number, "worker_key": worker, "posting_id": posting, "fair_id": "F1"}
        return row | {"applied_on": applied_on, "stage": stage}

    def registration(number: str, worker: str, employer: str, hired_on: date, fair_id: str | None) -> Row:
        row: Row = {"registration_id": number, "worker_key": worker, "employer_credit_code": employer}
        return row | {"organisation_code": NORTH, "hired_on": hired_on, "source_fair_id": fair_id}

    fairs = [
        {"fair_id": number, "fair_name": "夏季招聘会", "fair_type": "job_fair", "fair_date": day("07-01"),
         "organisation_code": SOUTH}
        for number in ("F1", "F2")
    ]  # fmt: skip
    postings = [
        {"posting_id": number, "fair_id": "F1", "employer_credit_code": employer, "employer_name": "长春某厂",
         "occupation": "焊工", "headcount": 9}
        for number, employer in (("P1", MILL), ("P2", SHOP))
    ]  # fmt: skip
    applications = [
        application("A1", "h1", "P1", day("07-01"), "hired"), application("A2", "h2", "P1", day("07-01"), "hired"),
        application("A3", "h3", "P1", day("07-28"), "hired"), application("A4", "h4", "P1", day("07-29"), "hired"),
        application("A5", "h5", "P1", day("07-01"), "offered"), application("A6", "h6", "P2", day("07-01"), "hired"),
        application("A7", "h7", "P2", day("07-01"), "applied"), application("A8", "h8", "P1", day("07-01"), "hired"),
    ]  # fmt: skip
    registrations = [
        registration("Y1", "h1", MILL, day("08-30"), "F1"), registration("Y2", "h2", MILL, day("08-31"), "F1"),
        registration("Y5", "h5", MILL, day("07-10"), "F2"), registration("Y6", "h6", MILL, day("07-10"), None),
        registration("Y8", "h8", MILL, day("06-30"), None), registration("Y9", "h9", MILL, day("07-10"), None),
    ]  # fmt: skip
    landing.land("job_fair_system", "job_fairs", HISTORY, fairs)
    landing.land("job_fair_system", "job_postings", HISTORY, postings)
    landing.land("job_fair_system", "job_applications", HISTORY, applications)
    landing.land("employment_system", "employment_registrations", HISTORY, registrations)


#    kind                   difference              record  other   says           other says      week   why
DIFFERENCES = [
    ("voucher_redemption", "dates_differ",          "S2",   "V2",   "2025-10-20",  "2025-10-19",   "W43", ""),
    ("voucher_redemption", "hospital_only",         "S3",   "V3",   "2025-10-19",  None,           "W42", ""),
    ("voucher_redemption", "mini_program_only",     None,   "V4",   None,          "2025-10-21",   "W43", ""),
    ("voucher_redemption", "hospital_differs",      "S5",   "V5",   MATERNITY,     EYE,            "W43", ""),
    ("voucher_redemption", "worker_differs",        "S6",   "V6",   None,          None,           "W43", "no names"),
    ("voucher_redemption", "unregistered",          "S8",   None,   "2025-10-23",  None,           "W43", "withdrawn"),
    ("hire",               "hire_unregistered",     "A2",   None,   "2025-07-01",  None,           "W27", "Y2: day 61"),
    ("hire",               "application_unknown",   None,   "Y2",   None,          "2025-08-31",   "W35", "names F1"),
    ("hire",               "hire_unregistered",     "A3",   None,   "2025-07-28",  None,           "W31", "by then"),
    ("hire",               "stage_behind",          "A5",   "Y5",   "offered",     "2025-07-10",   "W28", ""),
    ("hire",               "fair_differs",          "A5",   "Y5",   "F1",          "F2",           "W28", "as well"),
    ("hire",               "hire_unregistered",     "A6",   None,   "2025-07-01",  None,           "W27", "Y6: mill"),
    ("hire",               "hired_before_applied",  "A8",   "Y8",   "2025-07-01",  "2025-06-30",   "W27", ""),
    ("worker_attribute",   "organisation_differs",  "S5",   "V5",   NORTH,         SOUTH,          "W43", "w5"),
]  # fmt: skip

#    kind                   compared  agreed  differing  first only  other only  why
TOTALS = [
    ("voucher_redemption",  7,        1,      3,         2,          1,  "V1; V2, V5, V6; V3, V8; V4. V7 is unused"),
    ("hire",                7,        1,      2,         3,          1,  "A1: day 60; A4 has a day; Y6, Y9: no fair"),
    ("worker_attribute",    4,        3,      1,         0,          0,  "w1, w2, w3; w5. w16 is in one system"),
]  # fmt: skip
