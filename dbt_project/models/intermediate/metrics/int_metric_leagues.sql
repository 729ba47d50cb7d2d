with pace as (
    select * from {{ ref('int_metric_pace') }}
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

-- Calendars of projects differ: what compares is the completion over what the calendar has by now, or over the rate.
city_progress as (
    select
        metrics.project_id,
        pace.metric_id,
        pace.week_id,
        pace.completion_rate
        / nullif(case when pace.target_kind = 'total' then pace.expected_share else pace.target end, 0) as progress
    from pace
    inner join metrics
        on pace.metric_id = metrics.metric_id
    where pace.scope_type = 'city'
),

-- A project is as far as the target that lags most.
ordered as (
    select
        *,
        row_number() over (
            partition by project_id, week_id
            order by case when progress is null then 1 else 0 end, progress, metric_id
        ) as lag_rank
    from city_progress
),

compared as (
    select
        metric_id || '/' || scope_type as league_id,
        scope_type,
        scope_code,
        metric_id,
        week_id,
        completion_rate as progress
    from pace
    where scope_type not in ('city', 'project')

    union all

    select
        'project' as league_id,
        'project' as scope_type,
        project_id as scope_code,
        metric_id,
        week_id,
        progress
    from ordered
    where lag_rank = 1
)

select
    compared.league_id,
    compared.scope_type,
    compared.scope_code,
    compared.metric_id,
    compared.week_id,
    weeks.week_start,
    weeks.iso_year,
    cast(compared.progress as decimal(28, 10)) as progress
from compared
inner join weeks
    on compared.week_id = weeks.week_id
