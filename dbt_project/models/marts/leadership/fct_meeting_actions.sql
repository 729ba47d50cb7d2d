with actions as (
    select * from {{ ref('int_meeting_actions_closed') }}
)

select
    partner_id,
    action_id,
    meeting_date,
    title,
    domain,
    organisation_code,
    owner_department,
    due_on,
    action_state,
    closed_on,
    is_due,
    is_done_in_time,
    {{ text('supervision') }} as project_id,
    batch_id,
    landed_at
from actions
