with attendances as (
    select * from {{ ref('int_training_attendances_linked') }}
)

select
    partner_id,
    attendance_id,
    session_id,
    course,
    session_started_on,
    organisation_code,
    worker_key,
    attended_on,
    certificate_level,
    is_first_of_session,
    {{ text('skills_training') }} as project_id,
    batch_id,
    landed_at
from attendances
where not is_orphan
