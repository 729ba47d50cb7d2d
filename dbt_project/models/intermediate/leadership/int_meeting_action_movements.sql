with actions as (
    select
        *,
        {{ add_days('due_on', 1) }} as overdue_from
    from {{ ref('int_meeting_actions_closed') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

decided as (
    select
        *,
        'decided' as movement_type,
        meeting_date as moved_on,
        1 as open_movement,
        0 as overdue_movement
    from actions
),

-- A day that has not been lived through yet makes nothing overdue.
overdue as (
    select
        actions.*,
        'overdue' as movement_type,
        actions.overdue_from as moved_on,
        0 as open_movement,
        1 as overdue_movement
    from actions
    cross join period
    where
        actions.overdue_from <= period.last_day
        and (actions.closed_on is null or actions.closed_on >= actions.overdue_from)
),

closed as (
    select
        *,
        'closed' as movement_type,
        closed_on as moved_on,
        -1 as open_movement,
        case when closed_on >= overdue_from then -1 else 0 end as overdue_movement
    from actions
    where closed_on is not null
),

movements as (
    select * from decided
    union all
    select * from overdue
    union all
    select * from closed
)

select
    partner_id,
    action_id,
    movement_type,
    moved_on,
    organisation_code,
    open_movement,
    overdue_movement,
    batch_id,
    landed_at
from movements
