with applications as (
    select * from {{ ref('stg_job_fair_system__job_applications') }}
),

postings as (
    select * from {{ ref('int_job_postings_linked') }}
    where not is_orphan
)

select
    applications.partner_id,
    applications.application_id,
    applications.posting_id,
    applications.fair_id,
    postings.organisation_code,
    applications.worker_key,
    applications.applied_on,
    applications.stage,
    postings.posting_id is null as is_orphan,
    applications.batch_id,
    applications.landed_at
from applications
left join postings
    on
        applications.partner_id = postings.partner_id
        and applications.posting_id = postings.posting_id
        and applications.fair_id = postings.fair_id
