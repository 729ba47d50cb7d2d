import pandas as pd

from simulators.totals.records import Records, share


def totals(records: Records) -> dict[str, float]:
    return {**_training(records), **_fairs(records), **_registrations(records), **_startup(records)}


def _training(records: Records) -> dict[str, float]:
    sessions = records.of("training_sessions")
    begun = records.within(sessions, "started_on")
    attendances = records.of("training_attendances")
    attended = records.within(attendances, "attended_on")
    trainees = attendances[attendances["session_id"].isin(begun["session_id"])]
    enrolments = records.of("training_enrolments")
    over = sessions[sessions["ended_on"].astype("datetime64[s]") < pd.Timestamp(records.as_of)]
    ended = enrolments[enrolments["session_id"].isin(records.within(over, "ended_on")["session_id"])]
    completed = int((ended["enrolment_status"] == "completed").sum())
    dropped_out = int((ended["enrolment_status"] == "dropped_out").sum())
    return {
        "training_sessions": len(begun),
        "training_place_use_rate": share(
            len(trainees.drop_duplicates(["session_id", "worker_id"])), int(begun["capacity"].astype(int).sum())
        ),
        "training_enrolments": len(records.within(enrolments, "enrolled_on")),
        "training_person_times": len(attended),
        "training_persons": attended["worker_id"].nunique(),
        "training_completion_rate": share(completed, completed + dropped_out),
        "certificates_issued": len(records.within(records.of("training_certificates"), "issued_on")),
    }


def _fairs(records: Records) -> dict[str, float]:
    held = records.of("job_fairs")
    fairs = records.within(held, "fair_date")
    postings = records.of("job_postings").merge(held[["fair_id", "fair_date"]], on="fair_id")
    offered = records.within(postings, "fair_date")
    first_offered = postings.sort_values(["fair_date", "fair_id"]).drop_duplicates("posting_id")
    applications = records.within(records.of("job_applications"), "applied_on")
    hires = int((applications["stage"] == "hired").sum())
    return {
        "job_fairs": int((fairs["fair_type"] == "job_fair").sum()),
        "recruiting_talks": int((fairs["fair_type"] == "recruiting_talk").sum()),
        "positions_offered": int(offered["headcount"].sum()),
        "positions_offered_distinct": int(records.within(first_offered, "fair_date")["headcount"].sum()),
        "recruiting_employers": offered["employer_credit_code"].nunique(),
        "job_applications": len(applications),
        "job_applicants": applications["worker_id"].nunique(),
        "fair_hires": hires,
        "fair_hire_rate": share(hires, len(applications)),
    }


def _registrations(records: Records) -> dict[str, float]:
    hires = records.within(records.of("employment_registrations"), "hired_on")
    return {
        "registered_hires": len(hires),
        "registered_fair_hires": int(hires["source_fair_id"].isin(records.of("job_fairs")["fair_id"]).sum()),
    }


def _startup(records: Records) -> dict[str, float]:
    services = records.within(records.of("startup_support"), "supported_on")
    amounts = services["amount_yuan"].astype(float).groupby(services["support_type"]).sum()
    return {
        "startup_services": len(services),
        "startup_persons": services["worker_id"].nunique(),
        "startup_subsidies_yuan": float(amounts.get("subsidy", 0.0)),
        "startup_loans_yuan": float(amounts.get("guaranteed_loan", 0.0)),
    }
