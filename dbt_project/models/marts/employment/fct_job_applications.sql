with applications as (
    select * from {{ ref('int_job_applications_linked') }}
)

select
    partner_id,
    application_id,
    posting_id,
    fair_id,
    organisation_code,
    worker_key,
    applied_on,
    stage,
    {{ text('job_fairs') }} as project_id,
    batch_id,
    landed_at
from applications
where not is_orphan
