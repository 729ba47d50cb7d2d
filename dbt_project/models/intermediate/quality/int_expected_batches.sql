with outcomes as (
    select * from {{ ref('stg_landing__outcomes') }}
),

days as (
    select * from {{ ref('int_days') }}
)

select
    outcomes.partner_id,
    outcomes.feed,
    outcomes.interval_start,
    outcomes.interval_end,
    days.week_id,
    outcomes.outcome,
    outcomes.came_late
from outcomes
inner join days
    on {{ add_days('outcomes.interval_end', -1) }} = days.date_day
