with registrations as (
    select * from {{ ref('stg_employment_system__employment_registrations') }}
),

fairs as (
    select * from {{ ref('stg_job_fair_system__job_fairs') }}
),

known_fairs as (
    select
        fair_id,
        min(partner_id) as partner_id
    from fairs
    group by fair_id
)

select
    registrations.partner_id,
    registrations.registration_id,
    registrations.worker_key,
    registrations.employer_credit_code,
    registrations.organisation_code,
    registrations.occupation,
    registrations.hired_on,
    registrations.source_fair_id,
    registrations.source_posting_id,
    known_fairs.partner_id as fair_partner_id,
    known_fairs.fair_id is not null as is_from_known_fair,
    registrations.batch_id,
    registrations.landed_at
from registrations
left join known_fairs
    on registrations.source_fair_id = known_fairs.fair_id
