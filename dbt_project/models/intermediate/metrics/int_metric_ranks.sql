with weekly as (
    select * from {{ ref('int_metric_published') }}
),

pace as (
    select * from {{ ref('int_metric_pace') }}
),

measured as (
    select
        weekly.metric_id,
        weekly.direction,
        weekly.scope_type,
        weekly.scope_code,
        weekly.week_id,
        weekly.week_start,
        weekly.iso_year,
        weekly.cumulative_value,
        pace.completion_rate,
        max(case when pace.target is null then 0 else 1 end) over (
            partition by weekly.metric_id, weekly.scope_type, weekly.week_id
        ) as is_targeted
    from weekly
    left join pace
        on
            weekly.metric_id = pace.metric_id
            and weekly.scope_type = pace.scope_type
            and weekly.scope_code = pace.scope_code
            and weekly.week_id = pace.week_id
),

-- Of a completion more is always better; of a figure, more once fewer is turned round.
standing as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        week_start,
        iso_year,
        case
            when is_targeted = 1 then completion_rate
            when direction = 'down' then -cumulative_value
            else cumulative_value
        end as merit
    from measured
),

-- Only what is published is ranked: no rank tells where a hidden cell would stand.
ranked as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        week_start,
        iso_year,
        rank() over (partition by metric_id, scope_type, week_id order by merit desc) as rank_from_first,
        rank() over (partition by metric_id, scope_type, week_id order by merit) as rank_from_last,
        count(*) over (partition by metric_id, scope_type, week_id) as ranked_units
    from standing
    where merit is not null
),

contested as (
    select * from ranked
    where ranked_units > 1
)

-- Years to date of two years do not compare: nobody moves in the first week.
select
    contested.metric_id,
    contested.scope_type,
    contested.scope_code,
    contested.week_id,
    cast(contested.rank_from_first as integer) as rank,
    cast(before.rank_from_first as integer) as previous_rank,
    cast(contested.rank_from_last as integer) as rank_from_last,
    cast(contested.ranked_units as integer) as ranked_units
from contested
left join contested as before
    on
        contested.metric_id = before.metric_id
        and contested.scope_type = before.scope_type
        and contested.scope_code = before.scope_code
        and contested.iso_year = before.iso_year
        and contested.week_start = {{ add_days('before.week_start', 7) }}
