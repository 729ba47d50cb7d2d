with sessions as (
    select * from {{ ref('int_counselling_sessions_placed') }}
)

select
    partner_id,
    session_id,
    started_at,
    started_on,
    channel,
    topic,
    duration_minutes,
    organisation_code,
    satisfaction_score,
    {{ text('counselling') }} as project_id,
    batch_id,
    landed_at
from sessions
