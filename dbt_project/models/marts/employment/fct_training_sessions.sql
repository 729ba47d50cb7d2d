with sessions as (
    select * from {{ ref('int_training_sessions_summarised') }}
)

select
    partner_id,
    session_id,
    course,
    started_on,
    ended_on,
    organisation_code,
    capacity,
    person_times,
    persons,
    {{ text('skills_training') }} as project_id,
    batch_id,
    landed_at
from sessions
