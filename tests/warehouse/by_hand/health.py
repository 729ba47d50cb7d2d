"""Figures of one domain, by hand. Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""

from datetime import date, datetime, timedelta
from typing import Any

from tests.warehouse.fixed_landing import HISTORY, SATURDAY, SUNDAY, Landing, Row, day

SOUTH, NORTH, EAST, WEST = "220102", "220103", "220104", "220105"
EYE, MATERNITY, JIAHE, ORTHOPAEDIC = "eye_hospital", "maternity_hospital", "jiahe_hospital", "orthopaedic_hospital"


def land(landing: Landing) -> None:
    land_vouchers(landing)
    land_services(landing)
    land_outreach(landing)
    land_appointments(landing)
    land_ratings(landing)
    land_screenings(landing)
    land_counselling(landing)


def land_vouchers(landing: Landing) -> None:
    def voucher(number: int, issued_on: date, organisation: str, hospital: str, **more: Any) -> Row:
        row: Row = {"voucher_id": f"V{number:010d}", "worker_key": "w0", "organisation_code": organisation}
        row |= {"partner_id": hospital, "voucher_type": "free", "issued_on": issued_on}
        return row | {"expires_on": issued_on + timedelta(days=90)} | more

    vouchers = [
        voucher(1, day("10-19"), SOUTH, EYE, redeemed_on=day("10-20")),
        voucher(2, day("10-20"), SOUTH, EYE),
        voucher(4, day("10-21"), NORTH, MATERNITY, updated_at=datetime(2025, 10, 21, 9)),
        voucher(5, date(2024, 12, 30), EAST, EYE),  # until Sunday 30 March
        voucher(6, day("07-22"), EAST, EYE, redeemed_on=day("10-21")),  # until Monday 20 October
        voucher(7, day("07-21"), EAST, EYE),  # until Sunday 19 October
        voucher(8, day("07-28"), WEST, EYE),  # until Sunday 26 October
        voucher(10, day("07-29"), WEST, EYE),  # until Monday 27 October
        voucher(11, day("07-23"), EAST, MATERNITY, redeemed_on=day("10-21")),  # until Tuesday 21 October
        voucher(12, day("07-25"), EAST, EYE, updated_at=datetime(2025, 7, 25, 9)),  # until Thursday 23 October
        voucher(13, date(2024, 12, 20), EAST, EYE),  # until Thursday 20 March
    ]
    withdrawn: Row = {"updated_at": datetime(2025, 10, 26, 9), "record_status": "withdrawn"}
    landing.land("mini_program", "vouchers", HISTORY, vouchers)
    landing.land("mini_program", "vouchers", SATURDAY, [])
    landing.land(
        "mini_program", "vouchers", SUNDAY,
        [voucher(3, day("10-26"), NORTH, MATERNITY), voucher(4, day("10-21"), NORTH, MATERNITY, **withdrawn),
         voucher(12, day("07-25"), EAST, EYE, **withdrawn)],
    )  # fmt: skip


def land_services(landing: Landing) -> None:
    def service(
        number: str, service_date: date, worker: str, organisation: str, voucher_id: int = 0, score: int | None = None
    ) -> Row:
        row: Row = {"service_id": number, "service_date": service_date, "worker_key": worker, "sex": "female"}
        row |= {"organisation_code": organisation, "service_category": "eye_examination", "age_band": "35-44"}
        row |= {"satisfaction_score": score}
        return row | {"voucher_id": f"V{voucher_id:010d}" if voucher_id else None}

    landing.land(
        EYE, "health_services", HISTORY,
        [service("S1", day("10-20"), "w1", SOUTH, 1, score=5), service("S3", day("10-19"), "w1", SOUTH, score=2)],
        quarantined=2,
    )  # fmt: skip
    landing.land(EYE, "health_services", SATURDAY, [])
    late = service("S6", day("10-18"), "w4", SOUTH)
    landing.land(EYE, "health_services", SUNDAY, [service("S2", day("10-26"), "w1", SOUTH, 1), late])
    landing.land(
        MATERNITY, "health_services", HISTORY,
        [service("S4", day("10-22"), "w2", NORTH, 9, score=4), service("S5", day("10-19"), "w3", NORTH, score=1),
         service("S1", day("10-24"), "w5", NORTH), service("S7", day("10-21"), "w4", EAST, 6),
         service("S8", day("10-21"), "w4", EAST, 11)],
    )  # fmt: skip
    landing.land(MATERNITY, "health_services", SATURDAY, [])
    landing.land(MATERNITY, "health_services", SUNDAY, [service("S5", day("10-20"), "w3", NORTH, score=3)])


def land_outreach(landing: Landing) -> None:
    def outreach(number: str, event_date: date, site: str, attendees: int, status: str = "valid") -> Row:
        row: Row = {"event_id": number, "event_date": event_date, "site_id": site, "site_name": "长春站"}
        row |= {"event_type": "lecture", "organisation_code": SOUTH, "site_kind": "union_station"}
        return row | {"attendees": attendees, "record_status": status}

    landing.land(
        "mini_program", "outreach_events", HISTORY,
        [outreach("E1", day("06-02"), "A", 40), outreach("E2", day("10-22"), "A", 9),
         outreach("E3", day("10-21"), "B", 0), outreach("E5", day("10-20"), "A", 500)],
    )  # fmt: skip
    landing.land("mini_program", "outreach_events", SATURDAY, [])
    landing.land(
        "mini_program", "outreach_events", SUNDAY,
        [outreach("E4", day("10-26"), "C", 31), outreach("E5", day("10-20"), "A", 500, "withdrawn")],
    )  # fmt: skip


def land_appointments(landing: Landing) -> None:
    def appointment(number: str, booked_on: date, scheduled_on: date, status: str, worker: str = "w1") -> Row:
        row: Row = {"appointment_id": number, "booked_on": booked_on, "scheduled_on": scheduled_on}
        row |= {"appointment_status": status, "worker_key": worker, "organisation_code": SOUTH}
        return row | {"service_category": "endoscopy"}

    landing.land(
        JIAHE, "health_appointments", HISTORY,
        [appointment("A1", day("10-10"), day("10-20"), "fulfilled"),
         appointment("A2", day("10-20"), day("10-20"), "fulfilled", "w2"),
         appointment("A3", day("10-13"), day("10-19"), "no_show", "w2"),
         appointment("A4", day("10-15"), day("10-26"), "booked", "w3"),
         appointment("A5", day("10-15"), day("10-22"), "cancelled", "w4"),
         appointment("A6", day("10-15"), day("10-22"), "booked", "w4"),
         appointment("A7", day("10-24"), day("11-03"), "booked", "w4"),
         appointment("A8", date(2024, 12, 25), day("01-03"), "fulfilled", "w5")],
    )  # fmt: skip
    landing.land(JIAHE, "health_appointments", SATURDAY, [])
    missed = appointment("A4", day("10-15"), day("10-26"), "no_show", "w3")
    landing.land(JIAHE, "health_appointments", SUNDAY, [missed])


def land_ratings(landing: Landing) -> None:
    def rating(number: str, rated_on: date, score: int, complaint: str = "no", status: str = "valid") -> Row:
        row: Row = {"rating_id": number, "partner_id": EYE, "organisation_code": SOUTH, "rated_on": rated_on}
        return row | {"score": score, "is_complaint": complaint, "record_status": status}

    landing.land(
        "mini_program", "service_ratings", HISTORY,
        [*[rating(f"R1{number}", day("10-19"), 5) for number in range(5)],
         *[rating(f"R2{number}", day("10-22"), 5) for number in range(5)],
         rating("R31", day("10-20"), 4), rating("R32", day("10-24"), 1, "yes"), rating("R33", day("10-24"), 1, "yes")],
    )  # fmt: skip
    landing.land("mini_program", "service_ratings", SATURDAY, [])
    landing.land(
        "mini_program", "service_ratings", SUNDAY,
        [rating("R32", day("10-24"), 3), rating("R33", day("10-24"), 1, "yes", "withdrawn"),
         rating("R34", day("10-26"), 2, "yes")],
    )  # fmt: skip


def land_screenings(landing: Landing) -> None:
    def screening(number: str, screened_on: date, worker: str, kind: str, group: str, sex: str = "female") -> Row:
        row: Row = {"screening_id": number, "screened_on": screened_on, "worker_key": worker, "sex": sex}
        return row | {"screening_type": kind, "special_group": group, "organisation_code": SOUTH, "age_band": "35-44"}

    landing.land(
        MATERNITY, "health_screenings", HISTORY,
        [screening("G1", day("10-20"), "w1", "breast", "women"),
         screening("G3", day("10-19"), "w2", "gynaecological", "hardship"),
         screening("G7", day("10-24"), "w2", "breast", "women")],
    )  # fmt: skip
    landing.land(MATERNITY, "health_screenings", SATURDAY, [])
    landing.land(MATERNITY, "health_screenings", SUNDAY, [screening("G2", day("10-26"), "w1", "cervical", "women")])
    check = "occupational_disease"
    landing.land(
        ORTHOPAEDIC, "health_screenings", HISTORY,
        [screening("G1", day("10-20"), "w4", check, "migrant", "male"),
         screening("G5", day("10-21"), "w5", check, "front_line", "male"),
         screening("G6", day("10-23"), "w1", check, "migrant")],
    )  # fmt: skip
    landing.land(ORTHOPAEDIC, "health_screenings", SATURDAY, [])
    again = screening("G8", day("10-26"), "w4", check, "migrant", "male")
    landing.land(ORTHOPAEDIC, "health_screenings", SUNDAY, [again])


def land_counselling(landing: Landing) -> None:
    def session(
        number: str, started_at: datetime, organisation: str | None, score: int | None, status: str = "valid"
    ) -> Row:
        row: Row = {"session_id": number, "started_at": started_at, "channel": "hotline", "topic": "family"}
        row |= {"duration_minutes": 30, "organisation_code": organisation, "satisfaction_score": score}
        return row | {"record_status": status}

    called_off = datetime(2025, 10, 22, 9)
    landing.land(
        "counselling_hotline", "counselling_sessions", HISTORY,
        [session("C2", datetime(2025, 10, 19, 23, 50), None, 1), session("C3", datetime(2025, 10, 20), None, None),
         session("C4", called_off, SOUTH, 1), session("C5", datetime(2025, 10, 22, 8), SOUTH, 4)],
    )  # fmt: skip
    landing.land("counselling_hotline", "counselling_sessions", SATURDAY, [])
    landing.land(
        "counselling_hotline", "counselling_sessions", SUNDAY,
        [session("C1", datetime(2025, 10, 26, 23, 59, 59), SOUTH, 5), session("C4", called_off, SOUTH, 1, "withdrawn")],
    )  # fmt: skip


#    metric                        week   value     to date   why
VALUES = [
    ("vouchers_issued",            "W01", "1",      "1",      "30 December 2024 lies in ISO week 1 of 2025"),
    ("vouchers_issued",            "W42", "1",      "7",      "Sunday 19 October closes week 42"),
    ("vouchers_issued",            "W43", "2",      "9",      "Monday 20 and Sunday 26 October; one withdrawn later"),
    ("vouchers_redeemed",          "W42", "0",      "0",      "a week without a redemption is zero"),
    ("vouchers_redeemed",          "W43", "4",      "4",      "1 once, 9 though unregistered, 6 though late, 11"),
    ("voucher_redemption_rate",    "W41", None,     "0",      "nothing issued in the week"),
    ("voucher_redemption_rate",    "W43", "2",      "0.4444444444", "4 redeemed of 2 issued, of 9 to date"),
    ("vouchers_expired",           "W13", "1",      "2",      "5 on Sunday 30 March, 13 ten days before"),
    ("vouchers_expired",           "W42", "1",      "3",      "7 on Sunday 19 October"),
    ("vouchers_expired",           "W43", "2",      "5",      "6 a day before its use, 8 today; 12 withdrawn"),
    ("voucher_expiry_rate",        "W41", None,     "1",      "no voucher ended; 13 and 5 had expired"),
    ("voucher_expiry_rate",        "W43", "0.5",    "0.7142857143", "6 and 8, of them and 1 and 11; to date 5 of 7"),
    ("vouchers_outstanding",       "W01", "2",      "2",      "5, and 13 of the year before"),
    ("vouchers_outstanding",       "W13", "0",      "0",      "its last day over, 5 is not valid any more"),
    ("vouchers_outstanding",       "W42", "5",      "5",      "1, 6, 8, 10, 11"),
    ("vouchers_outstanding",       "W43", "3",      "3",      "2, 3, and 10 until tomorrow; 9 never came in"),
    ("outreach_organisations",     "W23", "1",      "1",      "site A"),
    ("outreach_organisations",     "W43", "2",      "3",      "sites B and C; A was reached in June"),
    ("outreach_events",            "W42", "0",      "1",      "Monday 20 October opens week 43"),
    ("outreach_events",            "W43", "3",      "4",      "E2 at a site seen before, E3, E4; E5 withdrawn"),
    ("outreach_attendees",         "W23", "40",     "40",     "E1"),
    ("outreach_attendees",         "W43", "40",     "80",     "9, nobody, 31; the 500 withdrawn"),
    ("health_person_times",        "W42", "2",      "2",      "S3, and S6 that arrived late; S5 was corrected"),
    ("health_person_times",        "W43", "7",      "9",      "S1 at both hospitals, S2, S4, S5 as corrected, S7, S8"),
    ("health_persons",             "W42", "2",      "2",      "w1, w4"),
    ("health_persons",             "W43", "5",      "5",      "w1 to w5; to date w1 and w4 were there already"),
    ("hospital_satisfaction",      "W42", "2",      "2",      "S3; S6 has no score, S5 was corrected away"),
    ("hospital_satisfaction",      "W43", "4",      "3.5",    "5, 4 and 3 as corrected; to date with a 2"),
    ("appointments_fulfilled",     "W01", "1",      "1",      "A8, booked the year before"),
    ("appointments_fulfilled",     "W43", "2",      "3",      "A1, A2"),
    ("no_show_rate",               "W42", "1",      "0.5",    "A3 on Sunday; to date with A8"),
    ("no_show_rate",               "W43", "0.3333333333", "0.4", "A4 as known on Sunday, of it, A1, A2; not A5, A6"),
    ("average_waiting_days",       "W42", None,     "9",      "nobody came; A8 had waited from December"),
    ("average_waiting_days",       "W43", "5",      "6.3333333333", "10 and 0 days; to date 19 by 3"),
    ("service_ratings",            "W42", "5",      "5",      "five on Sunday 19 October"),
    ("service_ratings",            "W43", "8",      "13",     "five, R31, R32, R34; R33 withdrawn"),
    ("service_satisfaction",       "W42", "5",      "5",      "5 points each"),
    ("service_satisfaction",       "W43", "4.25",   "4.5384615385", "34 points by 8; to date 59 by 13"),
    ("complaints",                 "W42", "0",      "0",      "nobody complained"),
    ("complaints",                 "W43", "1",      "1",      "R34; R32 was none in the end, R33 withdrawn"),
    ("complaint_rate",             "W42", "0",      "0",      "rated, not complained of"),
    ("complaint_rate",             "W43", "0.125",  "0.0769230769", "1 of 8, to date of 13"),
    ("screening_person_times",     "W42", "1",      "1",      "G3 on Sunday"),
    ("screening_person_times",     "W43", "7",      "8",      "G1 at both hospitals, G2, G5 to G8"),
    ("screened_persons",           "W42", "1",      "1",      "w2"),
    ("screened_persons",           "W43", "4",      "4",      "w1, w2, w4, w5; to date w2 was there already"),
    ("womens_screening_persons",   "W42", "1",      "1",      "w2, registered as in hardship"),
    ("womens_screening_persons",   "W43", "2",      "2",      "w1 twice, w2 again"),
    ("migrant_screening_persons",  "W42", "0",      "0",      "women only"),
    ("migrant_screening_persons",  "W43", "2",      "2",      "w4 twice, w1 screened as a woman too; w5 is no migrant"),
    ("counselling_sessions",       "W42", "1",      "1",      "C2 ten minutes before midnight"),
    ("counselling_sessions",       "W43", "3",      "4",      "C3 at midnight, C5, C1 in the last second"),
    ("counselling_satisfaction",   "W42", "1",      "1",      "C2"),
    ("counselling_satisfaction",   "W43", "4.5",    "3.3333333333", "5 and 4, C3 without a score; to date with a 1"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("county", "220102",           "vouchers_issued",          "1",     "voucher 2; voucher 1 is of week 42"),
    ("county", "220103",           "vouchers_issued",          "1",     "voucher 3"),
    ("partner", "eye_hospital",    "vouchers_issued",          "1",     "by the hospital a voucher is for"),
    ("partner", "eye_hospital",    "vouchers_expired",         "2",     "8, and 6 though used elsewhere"),
    ("county", "220105",           "vouchers_expired",         "1",     "voucher 8: an expiry tells of no service"),
    ("county", "220105",           "vouchers_outstanding",     "1",     "voucher 10; nobody redeemed anything"),
    ("county", "220102",           "vouchers_outstanding",     None,    "would give vouchers redeemed away"),
    ("county", "220104",           "voucher_expiry_rate",      None,    "would give vouchers redeemed away"),
    ("project", "health_outreach", "outreach_attendees",       "40",    "one project is all of it"),
    ("county", "220102",           "health_person_times",      None,    "2 services, 1 worker"),
    ("county", "220103",           "health_person_times",      None,    "3 services, 3 workers"),
    ("partner", "maternity_hospital", "health_persons",        None,    "4 workers"),
    ("county", "220102",           "voucher_redemption_rate",  None,    "would give vouchers redeemed away"),
    ("county", "220103",           "hospital_satisfaction",    None,    "2 workers gave a score"),
    ("partner", "jiahe_hospital",  "no_show_rate",             None,    "3 workers were expected"),
    ("partner", "jiahe_hospital",  "average_waiting_days",     None,    "2 workers came"),
    ("partner", "eye_hospital",    "complaints",               "1",     "one of eight who rated, so in sight"),
    ("partner", "eye_hospital",    "service_satisfaction",     "4.25",  "the hospital rated"),
    ("partner", "mini_program",    "complaints",               "0",     "it collects ratings, it is not rated"),
    ("county", "220102",           "womens_screening_persons", None,    "2 women"),
    ("unknown", "UNKNOWN",         "counselling_sessions",     None,    "C3 alone names no union"),
]  # fmt: skip

#    metric                    target    completion  expected  status        why, in 2025-W43
PROGRESS = [
    ("vouchers_issued",          "35000", "0.0002571429", "0.6958525346", "far_behind", "day 151 of 217 since 29 May"),
    ("outreach_organisations",   "100",   "0.03",   "0.6958525346", "far_behind", "the same calendar"),
]  # fmt: skip
