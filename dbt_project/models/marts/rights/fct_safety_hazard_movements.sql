with movements as (
    select * from {{ ref('int_safety_hazard_movements') }}
)

select
    partner_id,
    hazard_id,
    movement_type,
    moved_on,
    organisation_code,
    hazard_level,
    open_movement,
    overdue_movement,
    {{ text('labour_safety') }} as project_id,
    batch_id,
    landed_at
from movements
