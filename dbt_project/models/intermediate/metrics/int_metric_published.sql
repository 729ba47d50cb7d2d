with weekly as (
    select * from {{ ref('int_metric_weekly') }}
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
    where is_published
),

metric_persons as (
    select * from {{ ref('int_metric_persons') }}
),

hidden_cells as (
    select * from {{ ref('int_suppressed_cells') }}
),

-- A figure is hidden with the persons behind it, or behind what it is divided from.
suppressed as (
    select distinct
        weekly.metric_id,
        weekly.scope_set,
        weekly.scope_code,
        weekly.week_id
    from weekly
    inner join metric_persons
        on weekly.metric_id = metric_persons.metric_id
    inner join hidden_cells
        on
            metric_persons.persons_measure_id || '/' || weekly.scope_set = hidden_cells.cell_set
            and weekly.scope_code = hidden_cells.cell_code
            and weekly.week_start = hidden_cells.week_start
)

select
    weekly.metric_id,
    weekly.kind,
    metrics.project_id,
    metrics.direction,
    weekly.scope_set,
    weekly.scope_type,
    weekly.scope_code,
    weekly.week_id,
    weekly.week_start,
    weekly.week_end,
    weekly.iso_year,
    weekly.iso_week,
    case when suppressed.metric_id is null then weekly.value end as value,
    case when suppressed.metric_id is null then weekly.numerator end as numerator,
    case when suppressed.metric_id is null then weekly.denominator end as denominator,
    case when suppressed.metric_id is null then weekly.cumulative_value end as cumulative_value,
    case when suppressed.metric_id is null then weekly.cumulative_numerator end as cumulative_numerator,
    case when suppressed.metric_id is null then weekly.cumulative_denominator end as cumulative_denominator,
    suppressed.metric_id is not null as is_suppressed
from weekly
inner join metrics
    on weekly.metric_id = metrics.metric_id
left join suppressed
    on
        weekly.metric_id = suppressed.metric_id
        and weekly.scope_set = suppressed.scope_set
        and weekly.scope_code = suppressed.scope_code
        and weekly.week_id = suppressed.week_id
