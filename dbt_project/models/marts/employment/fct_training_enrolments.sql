with enrolments as (
    select * from {{ ref('int_training_enrolments_linked') }}
)

select
    partner_id,
    enrolment_id,
    session_id,
    course,
    organisation_code,
    worker_key,
    enrolled_on,
    enrolment_status,
    ended_on,
    {{ text('skills_training') }} as project_id,
    batch_id,
    landed_at
from enrolments
where not is_orphan
