import pandas as pd

from simulators.totals.records import Records, share


def totals(records: Records) -> dict[str, float]:
    return {
        **_vouchers(records),
        **_outreach(records),
        **_services(records),
        **_appointments(records),
        **_ratings(records),
        **_screenings(records),
        **_counselling(records),
    }


def _vouchers(records: Records) -> dict[str, float]:
    vouchers = records.of("vouchers")
    services = records.of("health_services")
    first_uses = _days(services["service_date"]).groupby(services["voucher_id"]).min()
    used = vouchers["voucher_id"].map(first_uses)
    expires = _days(vouchers["expires_on"])
    in_time = used <= expires
    expired = ~in_time & (expires < pd.Timestamp(records.as_of))
    ends = expires.where(expired, used.where(in_time))
    vouchers = vouchers.assign(ended_on=ends, is_expired=expired)
    issued = len(records.within(vouchers, "issued_on"))
    redeemed = records.within(services, "service_date")["voucher_id"].nunique()
    ended = records.within(vouchers.dropna(subset="ended_on"), "ended_on")
    is_issued = _days(vouchers["issued_on"]) <= pd.Timestamp(records.last)
    has_ended = vouchers["ended_on"] <= pd.Timestamp(records.last)
    return {
        "vouchers_issued": issued,
        "vouchers_redeemed": redeemed,
        "voucher_redemption_rate": share(redeemed, issued),
        "vouchers_expired": int(ended["is_expired"].sum()),
        "voucher_expiry_rate": share(int(ended["is_expired"].sum()), len(ended)),
        "vouchers_outstanding": int((is_issued & ~has_ended).sum()),
    }


def _outreach(records: Records) -> dict[str, float]:
    held = records.of("outreach_events")
    first_visits = held.sort_values("event_date").drop_duplicates("site_id")
    events = records.within(held, "event_date")
    return {
        "outreach_organisations": len(records.within(first_visits, "event_date")),
        "outreach_events": len(events),
        "outreach_attendees": int(events["attendees"].astype(int).sum()),
    }


def _services(records: Records) -> dict[str, float]:
    services = records.within(records.of("health_services"), "service_date")
    return {
        "health_person_times": len(services),
        "health_persons": services["worker_id"].nunique(),
        "hospital_satisfaction": _mean(services["satisfaction_score"]),
    }


def _appointments(records: Records) -> dict[str, float]:
    appointments = records.within(records.of("health_appointments"), "scheduled_on")
    kept = appointments[appointments["appointment_status"] == "fulfilled"]
    missed = int((appointments["appointment_status"] == "no_show").sum())
    waits = (_days(kept["scheduled_on"]) - _days(kept["booked_on"])).dt.days
    return {
        "appointments_fulfilled": len(kept),
        "no_show_rate": share(missed, missed + len(kept)),
        "average_waiting_days": _mean(waits),
    }


def _ratings(records: Records) -> dict[str, float]:
    ratings = records.within(records.of("service_ratings"), "rated_on")
    complaints = int((ratings["is_complaint"] == "yes").sum())
    return {
        "service_ratings": len(ratings),
        "service_satisfaction": _mean(ratings["score"]),
        "complaints": complaints,
        "complaint_rate": share(complaints, len(ratings)),
    }


def _screenings(records: Records) -> dict[str, float]:
    screenings = records.within(records.of("health_screenings"), "screened_on")
    at_work = screenings["screening_type"] == "occupational_disease"
    is_woman = screenings["worker_id"].str[16].astype(int) % 2 == 0
    is_migrant = screenings["special_group"] == "migrant"
    return {
        "screening_person_times": len(screenings),
        "screened_persons": screenings["worker_id"].nunique(),
        "womens_screening_persons": screenings[~at_work & is_woman]["worker_id"].nunique(),
        "migrant_screening_persons": screenings[at_work & is_migrant]["worker_id"].nunique(),
    }


def _counselling(records: Records) -> dict[str, float]:
    sessions = records.within(records.of("counselling_sessions"), "started_at")
    return {
        "counselling_sessions": len(sessions),
        "counselling_satisfaction": _mean(sessions["satisfaction_score"]),
    }


def _days(column: "pd.Series[object]") -> "pd.Series[pd.Timestamp]":
    return column.astype("datetime64[s]")


def _mean(scores: "pd.Series[object]") -> float:
    """The average of what is there; not a number where there is nothing."""
    return float(scores.dropna().astype(float).mean())
