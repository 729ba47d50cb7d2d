"""What the figures must be, counted from the good records alone: an answer to check a warehouse against."""

from datetime import date

import pandas as pd

from simulators.world import World


def city_totals(world: World, as_of: date, first: date, last: date) -> dict[str, float]:
    """City-wide value of each metric over the days `first` to `last`, by what was reported before `as_of` began.

    Valid records only; a record whose parent has not come yet counts nowhere. Distinct sites and postings are counted
    on the first day of the year they occur; the redemption rate is that of the same days.
    """
    good = {feed: _good(world, feed, as_of) for feed in _FEEDS}

    def within(rows: pd.DataFrame, column: str) -> pd.DataFrame:
        days = rows[column].astype("datetime64[s]")
        return rows[(days >= pd.Timestamp(first)) & (days < pd.Timestamp(last) + pd.Timedelta(days=1))]

    issued = within(good["vouchers"], "issued_on")
    services = within(good["health_services"], "service_date")
    fairs = within(good["job_fairs"], "fair_date")
    postings = good["job_postings"].merge(good["job_fairs"][["fair_id", "fair_date"]], on="fair_id")
    first_postings = postings.sort_values(["fair_date", "fair_id"]).drop_duplicates("posting_id")
    visits = good["outreach_events"].sort_values("event_date").drop_duplicates("site_id")
    ends = within(_last_endings(good["mediation_events"]), "event_at")["event_type"]
    agreed, concluded = int((ends == "agreement").sum()), int(ends.isin(["agreement", "no_agreement"]).sum())
    redeemed = services["voucher_id"].nunique()
    return {
        "vouchers_issued": len(issued),
        "vouchers_redeemed": redeemed,
        "voucher_redemption_rate": redeemed / len(issued) if len(issued) else float("nan"),
        "outreach_organisations": len(within(visits, "event_date")),
        "health_person_times": len(services),
        "health_persons": services["worker_id"].nunique(),
        "training_sessions": len(within(good["training_sessions"], "started_on")),
        "training_person_times": len(within(good["training_attendances"], "attended_on")),
        "job_fairs": int((fairs["fair_type"] == "job_fair").sum()),
        "recruiting_talks": int((fairs["fair_type"] == "recruiting_talk").sum()),
        "positions_offered": int(within(postings, "fair_date")["headcount"].sum()),
        "positions_offered_distinct": int(within(first_postings, "fair_date")["headcount"].sum()),
        "job_applications": len(within(good["job_applications"], "applied_on")),
        "mediation_cases_accepted": len(within(good["mediation_cases"], "accepted_on")),
        "mediation_cases_concluded": concluded,
        "mediation_success_rate": agreed / concluded if concluded else float("nan"),
        "mediation_cases_withdrawn": int((ends == "withdrawn").sum()),
        "mediation_cases_transferred": int((ends == "transferred").sum()),
    }


_FEEDS = (
    "health_services",
    "vouchers",
    "outreach_events",
    "job_fairs",
    "job_postings",
    "job_applications",
    "training_sessions",
    "training_attendances",
    "mediation_cases",
    "mediation_events",
)


def _good(world: World, feed: str, as_of: date) -> pd.DataFrame:
    rows = world.truth(feed, as_of)
    return rows[(rows["record_status"] == "valid") & ~world.is_held(feed, rows, as_of)]


def _last_endings(events: pd.DataFrame) -> pd.DataFrame:
    """The event that each closed case ended with; a case reopened since has none."""
    closing = ["agreement", "no_agreement", "withdrawn", "transferred", "reopened"]
    turns = events[events["event_type"].isin(closing)].sort_values(["event_at", "event_id"])
    last = turns.drop_duplicates("case_id", keep="last")
    return last[last["event_type"] != "reopened"]
