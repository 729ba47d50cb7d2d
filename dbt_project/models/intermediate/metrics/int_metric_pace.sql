with weekly as (
    select * from {{ ref('int_metric_published') }}
),

-- Of whom nothing is expected, nothing is late.
targets as (
    select * from {{ ref('int_metric_targets') }}
    where target > 0
),

calendars as (
    select * from {{ ref('project_calendars') }}
),

thresholds as (
    select * from {{ ref('status_thresholds') }}
),

dated as (
    select
        weekly.*,
        targets.target_kind,
        cast(targets.target as decimal(14, 2)) as target,
        {{ days_through('calendars.starts_on', 'calendars.ends_on') }} as calendar_days,
        {{ days_through('calendars.starts_on', 'weekly.week_end') }} as days_since_start
    from weekly
    inner join targets
        on
            weekly.metric_id = targets.metric_id
            and weekly.iso_year = targets.year
            and weekly.scope_code = targets.scope_code
    inner join calendars
        on
            weekly.project_id = calendars.project_id
            and weekly.iso_year = calendars.year
),

targeted as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        target_kind,
        target,
        cumulative_numerator,
        cumulative_denominator,
        cumulative_value,
        cast(calendar_days as decimal(10, 0)) as calendar_days,
        cast(greatest(0, least(days_since_start, calendar_days)) as decimal(10, 0)) as elapsed_days
    from dated
),

-- Each measure is compared as amount >= threshold * base, in whole decimals: a quotient could round over a threshold.
measured as (
    select
        targeted.metric_id,
        targeted.scope_type,
        targeted.scope_code,
        targeted.week_id,
        thresholds.status_code,
        thresholds.status_zh,
        thresholds.status_en,
        cast(thresholds.at_least as decimal(5, 2)) as at_least,
        thresholds.display_order,
        case thresholds.measure
            when 'completion_rate'
                then cast(targeted.cumulative_numerator as decimal(38, 4))
            when 'pace_ratio'
                then cast(targeted.cumulative_numerator * targeted.calendar_days as decimal(38, 4))
            when 'rate_margin'
                then
                    cast(targeted.cumulative_numerator as decimal(38, 4))
                    - targeted.target * cast(targeted.cumulative_denominator as decimal(14, 0))
        end as amount,
        case thresholds.measure
            when 'completion_rate'
                then cast(targeted.target as decimal(26, 2))
            when 'pace_ratio'
                then cast(targeted.target * targeted.elapsed_days as decimal(26, 2))
            when 'rate_margin'
                then cast(targeted.cumulative_denominator as decimal(26, 2))
        end as base
    from targeted
    inner join thresholds
        on targeted.target_kind = thresholds.target_kind
    -- A rate without a single concluded case is neither good nor bad.
    where targeted.cumulative_value is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by metric_id, scope_type, scope_code, week_id
            order by display_order
        ) as status_rank
    from measured
    where amount >= at_least * base
)

select
    targeted.metric_id,
    targeted.scope_type,
    targeted.scope_code,
    targeted.week_id,
    targeted.target_kind,
    cast(targeted.target as decimal(28, 10)) as target,
    cast(
        case
            when targeted.target_kind = 'total' then targeted.cumulative_numerator / targeted.target
            else targeted.cumulative_value
        end as decimal(28, 10)
    ) as completion_rate,
    cast(
        case when targeted.target_kind = 'total' then targeted.elapsed_days / targeted.calendar_days end
        as decimal(28, 10)
    ) as expected_share,
    cast(
        case
            when targeted.target_kind = 'total'
                then
                    targeted.cumulative_numerator / targeted.target
                    - targeted.elapsed_days / targeted.calendar_days
        end as decimal(28, 10)
    ) as pace_gap,
    ranked.status_code,
    ranked.status_zh,
    ranked.status_en
from targeted
left join ranked
    on
        targeted.metric_id = ranked.metric_id
        and targeted.scope_type = ranked.scope_type
        and targeted.scope_code = ranked.scope_code
        and targeted.week_id = ranked.week_id
        and ranked.status_rank = 1
