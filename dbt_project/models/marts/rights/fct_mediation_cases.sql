with cases as (
    select * from {{ ref('int_mediation_cases_concluded') }}
),

repeated as (
    select * from {{ ref('int_mediation_cases_repeated') }}
)

select
    cases.partner_id,
    cases.case_id,
    cases.accepted_on,
    cases.organisation_code,
    cases.dispute_type,
    cases.worker_key,
    cases.employer_credit_code,
    cases.case_state,
    cases.closed_on,
    cases.is_concluded,
    cases.mediation_days,
    cases.times_reopened,
    repeated.previously_accepted_on,
    repeated.is_repeat_dispute,
    {{ text('mediation') }} as project_id,
    cases.batch_id,
    cases.landed_at
from cases
inner join repeated
    on
        cases.partner_id = repeated.partner_id
        and cases.case_id = repeated.case_id
