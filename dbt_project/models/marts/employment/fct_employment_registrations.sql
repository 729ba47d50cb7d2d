with registrations as (
    select * from {{ ref('int_employment_registrations_linked') }}
)

select
    partner_id,
    registration_id,
    organisation_code,
    worker_key,
    employer_credit_code,
    occupation,
    hired_on,
    source_fair_id,
    source_posting_id,
    is_from_known_fair,
    {{ text('job_fairs') }} as project_id,
    batch_id,
    landed_at
from registrations
