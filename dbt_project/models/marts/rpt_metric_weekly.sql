with weekly as (
    select * from {{ ref('int_metric_weekly') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

pace as (
    select * from {{ ref('int_metric_pace') }}
),

suppressed as (
    select * from {{ ref('int_suppressed_cells') }}
),

masked as (
    select
        weekly.metric_id,
        weekly.scope_type,
        weekly.scope_code,
        weekly.week_id,
        weekly.week_start,
        weekly.week_end,
        weekly.iso_year,
        weekly.iso_week,
        suppressed.cell_code is not null as is_suppressed,
        case when suppressed.cell_code is null then weekly.value end as value,
        case when suppressed.cell_code is null then weekly.numerator end as numerator,
        case when suppressed.cell_code is null then weekly.denominator end as denominator,
        case when suppressed.cell_code is null then weekly.cumulative_value end as cumulative_value,
        case when suppressed.cell_code is null then weekly.cumulative_numerator end as cumulative_numerator,
        case when suppressed.cell_code is null then weekly.cumulative_denominator end as cumulative_denominator
    from weekly
    left join suppressed
        on
            weekly.suppressed_with || '/' || weekly.scope_type = suppressed.cell_set
            and weekly.scope_code = suppressed.cell_code
            and weekly.week_start = suppressed.week_start
),

compared as (
    select
        masked.*,
        lag(masked.value) over (
            partition by masked.metric_id, masked.scope_type, masked.scope_code
            order by masked.week_start
        ) as previous_value,
        last_year.value as same_week_last_year_value
    from masked
    left join masked as last_year
        on
            masked.metric_id = last_year.metric_id
            and masked.scope_type = last_year.scope_type
            and masked.scope_code = last_year.scope_code
            and masked.iso_year = last_year.iso_year + 1
            and masked.iso_week = last_year.iso_week
)

select
    compared.metric_id,
    compared.scope_type,
    compared.scope_code,
    scopes.scope_name_zh,
    scopes.scope_short_name_zh,
    scopes.scope_order,
    compared.week_id,
    compared.week_start,
    compared.week_end,
    compared.value,
    compared.numerator,
    compared.denominator,
    compared.previous_value,
    cast(compared.value - compared.previous_value as decimal(28, 10)) as change,
    compared.same_week_last_year_value,
    compared.cumulative_value,
    compared.cumulative_numerator,
    compared.cumulative_denominator,
    pace.target,
    case when not compared.is_suppressed then pace.completion_rate end as completion_rate,
    pace.expected_share,
    case when not compared.is_suppressed then pace.pace_gap end as pace_gap,
    case when not compared.is_suppressed then pace.status_code end as status_code,
    case when not compared.is_suppressed then pace.status_zh end as status_zh,
    compared.is_suppressed
from compared
inner join scopes
    on
        compared.scope_type = scopes.scope_type
        and compared.scope_code = scopes.scope_code
left join pace
    on
        compared.metric_id = pace.metric_id
        and compared.scope_type = pace.scope_type
        and compared.scope_code = pace.scope_code
        and compared.week_id = pace.week_id
