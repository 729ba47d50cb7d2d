with movements as (
    select * from {{ ref('int_meeting_action_movements') }}
)

select
    partner_id,
    action_id,
    movement_type,
    moved_on,
    organisation_code,
    open_movement,
    overdue_movement,
    {{ text('supervision') }} as project_id,
    batch_id,
    landed_at
from movements
