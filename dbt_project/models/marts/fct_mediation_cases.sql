with cases as (
    select * from {{ ref('int_mediation_cases_concluded') }}
)

select
    partner_id,
    case_id,
    accepted_on,
    organisation_code,
    dispute_type,
    worker_key,
    employer_credit_code,
    case_state,
    closed_on,
    is_concluded,
    times_reopened,
    batch_id,
    landed_at
from cases
