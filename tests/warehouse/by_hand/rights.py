"""Figures of one domain, by hand. Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""

from datetime import date, datetime

from tests.warehouse.fixed_landing import HISTORY, SATURDAY, SUNDAY, Landing, Row, day

SOUTH, NORTH = "220102", "220103"


def land(landing: Landing) -> None:
    land_mediation(landing)
    land_contracts(landing)
    land_safety(landing)


def land_mediation(landing: Landing) -> None:
    def case(number: str, accepted_on: date, worker: str) -> Row:
        row = {"case_id": number, "accepted_on": accepted_on, "organisation_code": SOUTH, "dispute_type": "wages"}
        return row | {"worker_key": worker, "employer_credit_code": "91220101MA0000000X"}

    cases = [
        case("C1", day("10-13"), "w1"),
        case("C2", day("10-14"), "w2"),
        case("C3", day("10-20"), "w3"),
        case("C4", day("10-20"), "w3"),
        case("C5", day("10-21"), "w1"),
        case("C6", day("10-15"), "w6"),
        case("C7", day("10-01"), "w7"),
        case("C8", date(2024, 12, 29), "w7"),
    ]
    log = [
        ("C1", "agreement", "2025-10-19 23:59:59"),
        ("C2", "agreement", "2025-10-16 10:00:00"),
        ("C2", "reopened", "2025-10-20 10:00:00"),
        ("C2", "no_agreement", "2025-10-21 10:00:00"),
        ("C3", "agreement", "2025-10-22 10:00:00"),
        ("C4", "withdrawn", "2025-10-23 10:00:00"),
        ("C5", "transferred", "2025-10-24 10:00:00"),
        ("C6", "agreement", "2025-10-17 10:00:00"),
        ("C6", "reopened", "2025-10-24 10:00:00"),
        ("C7", "no_agreement", "2025-10-20 00:00:00"),
        ("C7", "transferred", "2025-10-22 10:00:00"),
        ("C8", "withdrawn", "2025-01-05 23:00:00"),
        ("C99", "agreement", "2025-10-22 10:00:00"),
    ]
    case_events = [
        {"event_id": f"M{n:02d}", "case_id": case_id, "event_type": kind, "event_at": datetime.fromisoformat(at)}
        for n, (case_id, kind, at) in enumerate(log)
    ]
    landing.land("mediation_center", "mediation_cases", HISTORY, cases)
    landing.land("mediation_center", "mediation_events", HISTORY, case_events)
    landing.land("mediation_center", "mediation_cases", SATURDAY, [])
    landing.miss("mediation_center", "mediation_events", SATURDAY)
    landing.land("mediation_center", "mediation_cases", SUNDAY, [])
    landing.land("mediation_center", "mediation_events", SUNDAY, [])


def land_contracts(landing: Landing) -> None:
    def statement(number: str, employer: str, organisation: str, as_of: date, employees: int, signed: int) -> Row:
        row = {"statement_id": number, "employer_credit_code": employer, "organisation_code": organisation}
        return row | {"as_of_date": as_of, "employees": employees, "contracts_signed": signed}

    landing.land(
        "contract_register", "labour_contracts", HISTORY,
        [statement("S1", "A", SOUTH, date(2024, 12, 31), 100, 80), statement("S2", "A", SOUTH, day("09-30"), 120, 108),
         statement("S3", "B", NORTH, day("10-19"), 50, 30), statement("S4", "B", "DIR", day("10-20"), 60, 60)],
    )  # fmt: skip
    landing.land("contract_register", "labour_contracts", SUNDAY, [statement("S5", "A", SOUTH, day("08-31"), 110, 100)])

    def contract(number: str, signed_on: date, valid_until: date, covered: int, found: str | None) -> Row:
        row = {"contract_id": number, "employer_credit_code": "A", "organisation_code": SOUTH, "contract_type": "wages"}
        row |= {"signed_on": signed_on, "valid_until": valid_until}
        return row | {"covered_workers": covered, "fulfilment_status": found}

    landing.land(
        "contract_register", "collective_contracts", HISTORY,
        [contract("K1", date(2024, 6, 1), day("10-19"), 30, "fulfilled"),
         contract("K2", day("10-19"), date(2026, 10, 18), 20, "partly_fulfilled"),
         contract("K3", day("10-20"), date(2027, 10, 19), 10, None),
         contract("K4", date(2024, 12, 30), day("10-26"), 40, None)],
    )  # fmt: skip
    landing.land(
        "contract_register", "collective_contracts", SUNDAY,
        [contract("K4", date(2024, 12, 30), day("10-26"), 40, "fulfilled")],
    )  # fmt: skip


def land_safety(landing: Landing) -> None:
    def inspection(number: str, inspected_on: date, employer: str, organisation: str) -> Row:
        row = {"inspection_id": number, "inspected_on": inspected_on, "organisation_code": organisation}
        return row | {"employer_credit_code": employer, "inspection_type": "routine"}

    landing.land(
        "safety_inspection", "safety_inspections", HISTORY,
        [inspection("I0", date(2024, 12, 30), "A", SOUTH), inspection("I1", day("10-13"), "A", SOUTH),
         inspection("I2", day("10-19"), "A", NORTH), inspection("I3", day("10-20"), "A", SOUTH),
         inspection("I4", day("10-21"), "B", SOUTH)],
    )  # fmt: skip

    def hazard(number: str, at: str, found_on: date, due_on: date, rectified_on: date | None = None) -> Row:
        row = {"hazard_id": number, "inspection_id": at, "hazard_level": "general", "found_on": found_on}
        return row | {"due_on": due_on, "rectified_on": rectified_on}

    landing.land(
        "safety_inspection", "safety_hazards", HISTORY,
        [hazard("H1", "I0", date(2024, 12, 30), day("01-05"), day("01-05")),
         hazard("H2", "I1", day("10-13"), day("10-19"), day("10-20")),
         hazard("H3", "I1", day("10-13"), day("10-18")),
         hazard("H4", "I2", day("10-19"), day("10-25")),
         hazard("H5", "I3", day("10-20"), day("10-26")),
         hazard("H6", "I4", day("10-21"), day("10-31"), day("10-22")),
         hazard("H7", "I0", date(2024, 12, 30), day("10-10"), day("10-20")),
         hazard("H9", "I99", day("10-20"), day("10-21"))],
    )  # fmt: skip


#    metric                        week   value     to date   why
VALUES = [
    ("mediation_cases_accepted",   "W40", "1",      "1",      "C7"),
    ("mediation_cases_accepted",   "W42", "3",      "4",      "C1, C2, C6; reopened or not"),
    ("mediation_cases_accepted",   "W43", "3",      "7",      "C3, C4, C5"),
    ("mediation_cases_concluded",  "W42", "1",      "1",      "C1 a second before midnight; C6 is open again"),
    ("mediation_cases_concluded",  "W43", "3",      "4",      "C2 anew, C3, C7 though passed on"),
    ("mediation_success_rate",     "W42", "1",      "1",      "C1"),
    ("mediation_success_rate",     "W43", "0.3333333333", "0.5",    "C3 of C2, C3, C7; with C1 2 of 4"),
    ("mediation_cases_withdrawn",  "W01", "1",      "1",      "C8"),
    ("mediation_cases_withdrawn",  "W43", "1",      "2",      "C4"),
    ("mediation_cases_transferred", "W42", "0",     "0",      "none"),
    ("mediation_cases_transferred", "W43", "1",     "1",      "C5; C7 had failed before"),
    ("mediation_cases_open",       "W01", "0",      "0",      "C8, open when the year began, was withdrawn on Sunday"),
    ("mediation_cases_open",       "W40", "1",      "1",      "C7"),
    ("mediation_cases_open",       "W42", "1",      "1",      "C7; C1, C2, C6 are closed"),
    ("mediation_cases_open",       "W43", "1",      "1",      "C6 anew; C7 failed, and its transfer closes nothing"),
    ("mediation_cases_reopened",   "W42", "0",      "0",      "none yet"),
    ("mediation_cases_reopened",   "W43", "2",      "2",      "C2, C6"),
    ("average_mediation_days",     "W42", "6",      "6",      "C1 from 13 to 19 October; C6 is open again"),
    ("average_mediation_days",     "W43", "9.3333333333", "8.5", "C2 7, C3 2, C7 19 days; with C1 34 by 4"),
    ("repeat_disputes",            "W40", "1",      "1",      "C7, after C8 in the year before"),
    ("repeat_disputes",            "W42", "0",      "1",      "none"),
    ("repeat_disputes",            "W43", "1",      "2",      "C5 after C1; C3, C4 were accepted on one day"),
    ("repeat_dispute_rate",        "W42", "0",      "0.25",   "C7 of C1, C2, C6, C7"),
    ("repeat_dispute_rate",        "W43", "0.3333333333", "0.2857142857", "C5 of C3, C4, C5; 2 of 7"),
    ("labour_contract_employees",  "W01", "100",    "100",    "S1"),
    ("labour_contract_employees",  "W35", "110",    "110",    "S5, though it came after S2"),
    ("labour_contract_employees",  "W42", "170",    "170",    "S2, S3"),
    ("labour_contract_employees",  "W43", "180",    "180",    "S2, S4 in place of S3"),
    ("labour_contracts_signed",    "W42", "138",    "138",    "S2, S3"),
    ("labour_contracts_signed",    "W43", "168",    "168",    "S2, S4"),
    ("labour_contract_signing_rate", "W01", "0.8",  "0.8",    "S1"),
    ("labour_contract_signing_rate", "W43", "0.9333333333", "0.9333333333", "168 of 180"),
    ("collective_contracts_signed", "W01", "1",     "1",      "K4; K1 was signed before the year"),
    ("collective_contracts_signed", "W42", "1",     "2",      "K2"),
    ("collective_contracts_signed", "W43", "1",     "3",      "K3"),
    ("collective_contract_coverage", "W01", "70",   "70",     "K1, K4"),
    ("collective_contract_coverage", "W42", "90",   "90",     "K1 on its last day, K2, K4"),
    ("collective_contract_coverage", "W43", "70",   "70",     "K2, K3, K4 on its last day"),
    ("collective_contract_fulfilment_rate", "W01", "1", "1",  "K1, K4, as is known by now"),
    ("collective_contract_fulfilment_rate", "W42", "0.6666666667", "0.6666666667", "K1, K4, not K2"),
    ("collective_contract_fulfilment_rate", "W43", "0.5", "0.5", "K4, not K2; K3 was not looked into"),
    ("safety_inspections",         "W01", "1",      "1",      "I0: 30 December 2024 lies in ISO week 1 of 2025"),
    ("safety_inspections",         "W42", "2",      "3",      "I1, I2"),
    ("safety_inspections",         "W43", "2",      "5",      "I3, I4"),
    ("employers_inspected",        "W42", "1",      "1",      "A twice, and in week 1"),
    ("employers_inspected",        "W43", "2",      "2",      "A, B"),
    ("hazards_found",              "W42", "3",      "5",      "H2, H3, H4; with H1, H7"),
    ("hazards_found",              "W43", "2",      "7",      "H5, H6; H9 has no inspection"),
    ("hazards_rectified",          "W01", "1",      "1",      "H1"),
    ("hazards_rectified",          "W43", "3",      "4",      "H2, H6, H7"),
    ("hazard_rectification_rate",  "W01", "1",      "1",      "H1, H7, though the latter in October"),
    ("hazard_rectification_rate",  "W42", "0.3333333333", "0.6", "H2 of H2, H3, H4"),
    ("hazard_rectification_rate",  "W43", "0.5",    "0.5714285714", "H6 of H5, H6; 4 of 7"),
    ("hazards_open",               "W01", "1",      "1",      "H7"),
    ("hazards_open",               "W42", "4",      "4",      "H2, H3, H4, H7"),
    ("hazards_open",               "W43", "3",      "3",      "H3, H4, H5"),
    ("hazards_overdue",            "W01", "0",      "0",      "H1 was put right on its day"),
    ("hazards_overdue",            "W41", "1",      "1",      "H7 from the 11th"),
    ("hazards_overdue",            "W42", "2",      "2",      "H3, H7; H2 is due today"),
    ("hazards_overdue",            "W43", "2",      "2",      "H3, H4 from today; H5 is due today"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("partner",      "mediation_center", "mediation_success_rate",   "0.3333333333", "the only one, so as the city"),
    ("county",       NORTH,             "labour_contract_employees", "0",    "B has gone over to another union"),
    ("direct",       "DIR",             "labour_contract_signing_rate", "1", "S4"),
    ("county",       NORTH,             "hazards_overdue",          "1",     "H4, found by I2"),
    ("county",       NORTH,             "employers_inspected",      "0",     "A was inspected by another union"),
    ("project",      "labour_contracts", "collective_contract_coverage", "70", "the only one, so as the city"),
]  # fmt: skip

#    metric                    target    completion  expected  status        why, in 2025-W43
PROGRESS = [
    ("mediation_success_rate",   "0.8",   "0.5",    None,     "far_behind", "a rate has no pace"),
    ("mediation_cases_withdrawn", None,   None,     None,     None,         "no target"),
]  # fmt: skip
