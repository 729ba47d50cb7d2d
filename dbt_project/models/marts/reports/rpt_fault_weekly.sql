with weekly as (
    select * from {{ ref('int_metric_published') }}
    where scope_type = 'city'
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
    where fault is not null
)

select
    metrics.fault,
    weekly.metric_id,
    weekly.week_id,
    weekly.week_start,
    metrics.direction,
    weekly.value,
    cast(
        weekly.value - lag(weekly.value) over (
            partition by weekly.metric_id
            order by weekly.week_start
        ) as decimal(28, 10)
    ) as change,
    weekly.cumulative_value,
    weekly.cumulative_numerator,
    weekly.cumulative_denominator
from weekly
inner join metrics
    on weekly.metric_id = metrics.metric_id
