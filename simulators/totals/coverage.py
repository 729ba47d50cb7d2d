from pathlib import Path

import pandas as pd

from simulators.totals import health, leadership
from simulators.totals.records import Records, share

_MEMBERS = Path(__file__).parents[2] / "dbt_project/seeds/organisations/organisation_members.csv"
# Feed: the day of the service, and who was served.
_SERVICES = {
    "health_services": ("service_date", "worker_id"),
    "health_screenings": ("screened_on", "worker_id"),
    "training_attendances": ("attended_on", "worker_id"),
    "job_applications": ("applied_on", "worker_id"),
    "startup_support": ("supported_on", "worker_id"),
    "mediation_cases": ("accepted_on", "applicant_id"),
    "relief_payments": ("paid_on", "worker_id"),
}


def totals(records: Records) -> dict[str, float]:
    served = {
        worker for feed, (day, worker) in _SERVICES.items() for worker in records.within(records.of(feed), day)[worker]
    }
    stated = pd.read_csv(_MEMBERS)
    members = stated[stated["year"] == records.last.isocalendar().year].sum()
    screened, reached = health.totals(records), leadership.totals(records)
    return {
        "workers_served": len(served),
        "worker_coverage": share(len(served), members["members"]),
        "publicity_reach_per_member": share(reached["publicity_reach"], members["members"]),
        "womens_screening_coverage": share(screened["womens_screening_persons"], members["women_members"]),
        "migrant_screening_coverage": share(screened["migrant_screening_persons"], members["migrant_members"]),
    }
