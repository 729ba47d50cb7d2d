with fairs as (
    select * from {{ ref('int_job_fairs_summarised') }}
)

select
    partner_id,
    fair_id,
    fair_name,
    fair_type,
    fair_date,
    organisation_code,
    postings,
    positions_offered,
    {{ text('job_fairs') }} as project_id,
    batch_id,
    landed_at
from fairs
