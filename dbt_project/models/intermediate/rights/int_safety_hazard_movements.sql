with hazards as (
    select
        *,
        {{ add_days('due_on', 1) }} as overdue_from
    from {{ ref('int_safety_hazards_linked') }}
    where not is_orphan
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

found as (
    select
        *,
        'found' as movement_type,
        found_on as moved_on,
        1 as open_movement,
        0 as overdue_movement
    from hazards
),

-- A day that has not been lived through yet makes nothing overdue.
overdue as (
    select
        hazards.*,
        'overdue' as movement_type,
        hazards.overdue_from as moved_on,
        0 as open_movement,
        1 as overdue_movement
    from hazards
    cross join period
    where
        hazards.overdue_from <= period.last_day
        and (hazards.rectified_on is null or hazards.rectified_on >= hazards.overdue_from)
),

rectified as (
    select
        *,
        'rectified' as movement_type,
        rectified_on as moved_on,
        -1 as open_movement,
        case when rectified_on >= overdue_from then -1 else 0 end as overdue_movement
    from hazards
    where rectified_on is not null
),

movements as (
    select * from found
    union all
    select * from overdue
    union all
    select * from rectified
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
    batch_id,
    landed_at
from movements
