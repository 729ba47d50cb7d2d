with certificates as (
    select * from {{ ref('int_training_certificates_linked') }}
)

select
    partner_id,
    certificate_id,
    session_id,
    course,
    organisation_code,
    worker_key,
    issued_on,
    certificate_level,
    {{ text('skills_training') }} as project_id,
    batch_id,
    landed_at
from certificates
where not is_orphan
