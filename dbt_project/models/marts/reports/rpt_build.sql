with period as (
    select * from {{ ref('int_reporting_period') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

complete_weeks as (
    select max(weeks.week_id) as week_id
    from weeks
    inner join period
        on weeks.week_end <= period.last_day
)

select
    period.build_id,
    period.as_of,
    complete_weeks.week_id,
    period.is_demo
from period
cross join complete_weeks
