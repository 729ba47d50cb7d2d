"""Figures of one domain, by hand. Week 2025-W42 runs 13 to 19 October, 2025-W43 runs 20 to 26 October."""

from datetime import date

from tests.warehouse.fixed_landing import HISTORY, SUNDAY, Landing, Row, day


def land(landing: Landing) -> None:
    def action(number: str, meeting: date, due: date, state: str, done: date | None = None) -> Row:
        row = {"action_id": number, "meeting_date": meeting, "title": "补签集体合同", "domain": "rights"}
        row |= {"owner_organisation_code": None if number == "A2" else "220102", "owner_department": "权益保障部"}
        return row | {"due_on": due, "completed_on": done, "action_state": state}

    landing.land(
        "leadership_office", "meeting_actions", HISTORY,
        [action("A1", date(2024, 12, 27), day("01-03"), "done", day("01-03")),
         action("A2", day("10-13"), day("10-19"), "done", day("10-20")),
         action("A3", day("10-13"), day("10-19"), "done", day("10-19")),
         action("A4", day("10-13"), day("10-24"), "in_progress"),
         action("A5", day("10-13"), day("10-25"), "in_progress"),
         action("A6", day("10-20"), day("10-26"), "open"),
         action("A7", day("10-20"), day("11-02"), "done", day("10-22")),
         action("A8", day("10-01"), day("10-10"), "done", day("10-21"))],
    )  # fmt: skip
    landing.land(
        "leadership_office", "meeting_actions", SUNDAY, [action("A4", day("10-13"), day("10-24"), "cancelled")]
    )

    def item(number: str, published_on: date, reach: int, status: str = "valid") -> Row:
        row = {"item_id": number, "published_on": published_on, "channel": "wechat", "organisation_code": "220103"}
        return row | {"title": "招聘岗位送上门", "reach": reach, "record_status": status}

    landing.land(
        "leadership_office", "publicity_items", HISTORY,
        [item("P1", day("10-19"), 100), item("P2", day("10-20"), 50), item("P4", date(2024, 12, 30), 1000),
         item("P5", day("10-21"), 700)],
    )  # fmt: skip
    landing.land(
        "leadership_office", "publicity_items", SUNDAY,
        [item("P1", day("10-19"), 300), item("P3", day("10-26"), 0), item("P5", day("10-21"), 700, "withdrawn")],
    )  # fmt: skip


#    metric                        week   value     to date   why
VALUES = [
    ("actions_decided",            "W40", "1",      "1",      "A8; A1 was decided in week 52 of 2024"),
    ("actions_decided",            "W42", "4",      "5",      "A2, A3, A4 though cancelled later, A5"),
    ("actions_decided",            "W43", "2",      "7",      "A6, A7"),
    ("actions_completed",          "W01", "1",      "1",      "A1, decided the year before"),
    ("actions_completed",          "W42", "1",      "2",      "A3"),
    ("actions_completed",          "W43", "3",      "5",      "A2, A7, A8"),
    ("actions_open",               "W01", "0",      "0",      "A1 was open when the year began, and is done"),
    ("actions_open",               "W42", "4",      "4",      "A2, A4, A5, A8"),
    ("actions_open",               "W43", "2",      "2",      "A5, A6; A4 was cancelled on Sunday"),
    ("actions_overdue",            "W41", "1",      "1",      "A8, due on the 10th"),
    ("actions_overdue",            "W42", "1",      "1",      "A8; A2 is due on Sunday, so not overdue on Sunday"),
    ("actions_overdue",            "W43", "1",      "1",      "A5; A6 is due today, A4 cancelled, A2 and A8 done"),
    ("action_on_time_rate",        "W01", "1",      "1",      "A1, on its day"),
    ("action_on_time_rate",        "W41", "0",      "0.5",    "A8 was late; with A1 1 of 2"),
    ("action_on_time_rate",        "W42", "0.5",    "0.5",    "A3, not A2 a day late; with A1, A8 2 of 4"),
    ("action_on_time_rate",        "W43", "0",      "0.3333333333", "A5, A6 due; A4 cancelled, A7 not due yet: 2 of 6"),
    ("publicity_items",            "W01", "1",      "1",      "P4: 30 December 2024 lies in ISO week 1 of 2025"),
    ("publicity_items",            "W42", "1",      "2",      "P1"),
    ("publicity_items",            "W43", "2",      "4",      "P2, P3; P5 was withdrawn"),
    ("publicity_reach",            "W42", "300",    "1300",   "P1 as counted again"),
    ("publicity_reach",            "W43", "50",     "1350",   "P2 50, P3 nobody yet"),
    ("publicity_reach_per_item",   "W42", "300",    "650",    "1300 by P1, P4"),
    ("publicity_reach_per_item",   "W43", "25",     "337.5",  "50 by P2, P3; 1350 by four"),
]  # fmt: skip

#    scope                              metric                      value    why, in 2025-W43
SCOPES = [
    ("unknown",      "UNKNOWN",         "actions_completed",        "1",     "A2 names no union"),
    ("county",       "220102",          "actions_completed",        "2",     "A7, A8"),
    ("county",       "220103",          "publicity_reach_per_item", "25",    "every item is theirs, so as the city"),
    ("county",       "220102",          "publicity_items",          "0",     "none of theirs"),
]  # fmt: skip

#    metric                    target    completion  expected  status        why, in 2025-W43
PROGRESS = [
    ("actions_overdue",           None,   None,     None,     None,         "no target"),
]  # fmt: skip
