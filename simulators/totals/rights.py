import pandas as pd

from simulators.totals.records import Records, share


def totals(records: Records) -> dict[str, float]:
    return {**_mediation(records), **_contracts(records), **_safety(records)}


def _mediation(records: Records) -> dict[str, float]:
    cases, events = records.of("mediation_cases"), records.of("mediation_events")
    accepted = records.within(cases, "accepted_on")
    ended = records.within(_last_endings(events), "event_at")
    ends = ended["event_type"]
    agreed, concluded = int((ends == "agreement").sum()), int(ends.isin(["agreement", "no_agreement"]).sum())
    timed = ended[ends.isin(["agreement", "no_agreement"])].merge(cases[["case_id", "accepted_on"]], on="case_id")
    days = timed["event_at"].astype("datetime64[s]").dt.normalize() - timed["accepted_on"].astype("datetime64[s]")
    closed = _last_endings(records.until(events, "event_at"))
    repeated = records.within(_repeat_disputes(cases), "accepted_on")
    return {
        "mediation_cases_accepted": len(accepted),
        "mediation_cases_concluded": concluded,
        "mediation_success_rate": share(agreed, concluded),
        "mediation_cases_withdrawn": int((ends == "withdrawn").sum()),
        "mediation_cases_transferred": int((ends == "transferred").sum()),
        "mediation_cases_open": len(records.until(cases, "accepted_on")) - len(closed),
        "mediation_cases_reopened": len(records.within(events[events["event_type"] == "reopened"], "event_at")),
        "average_mediation_days": share(int(days.dt.days.sum()), concluded),
        "repeat_disputes": len(repeated),
        "repeat_dispute_rate": share(len(repeated), len(accepted)),
    }


def _last_endings(events: pd.DataFrame) -> pd.DataFrame:
    """The event that each closed case ended with; a case reopened since has none."""
    closing = ["agreement", "no_agreement", "withdrawn", "transferred", "reopened"]
    turns = events[events["event_type"].isin(closing)].sort_values(["event_at", "event_id"])
    last = turns.drop_duplicates("case_id", keep="last")
    return last[last["event_type"] != "reopened"]


def _repeat_disputes(cases: pd.DataFrame) -> pd.DataFrame:
    """Cases of a worker and employer with another one accepted on any of the 365 days before."""
    sides = ["applicant_id", "employer_credit_code"]
    pairs = cases.merge(cases[[*sides, "accepted_on"]], on=sides, suffixes=("", "_before"))
    gap = pairs["accepted_on"].astype("datetime64[s]") - pairs["accepted_on_before"].astype("datetime64[s]")
    return pairs[gap.dt.days.between(1, 365)].drop_duplicates("case_id")


def _contracts(records: Records) -> dict[str, float]:
    statements = records.until(records.of("labour_contracts"), "as_of_date").sort_values("as_of_date")
    latest = statements.drop_duplicates("employer_credit_code", keep="last")
    employees, signed = (int(latest[column].astype(int).sum()) for column in ("employees", "contracts_signed"))
    contracts = records.of("collective_contracts")
    in_force = records.until(contracts, "signed_on")
    in_force = in_force.drop(records.passed(in_force, "valid_until").index)
    assessed = in_force["fulfilment_status"].dropna()
    return {
        "labour_contract_employees": employees,
        "labour_contracts_signed": signed,
        "labour_contract_signing_rate": share(signed, employees),
        "collective_contracts_signed": len(records.within(contracts, "signed_on")),
        "collective_contract_coverage": int(in_force["covered_workers"].astype(int).sum()),
        "collective_contract_fulfilment_rate": share(int((assessed == "fulfilled").sum()), len(assessed)),
    }


def _safety(records: Records) -> dict[str, float]:
    inspections = records.within(records.of("safety_inspections"), "inspected_on")
    hazards = records.of("safety_hazards")
    found = records.within(hazards, "found_on")
    known = records.until(hazards, "found_on")
    left = known.drop(records.until(known, "rectified_on").index)
    return {
        "safety_inspections": len(inspections),
        "employers_inspected": inspections["employer_credit_code"].nunique(),
        "hazards_found": len(found),
        "hazards_rectified": len(records.within(hazards, "rectified_on")),
        "hazard_rectification_rate": share(int(found["rectified_on"].notna().sum()), len(found)),
        "hazards_open": len(left),
        "hazards_overdue": len(records.passed(left, "due_on")),
    }
