with weekly as (
    select * from {{ ref('int_metric_published') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

pace as (
    select * from {{ ref('int_metric_pace') }}
),

ranks as (
    select * from {{ ref('int_metric_ranks') }}
),

forecasts as (
    select * from {{ ref('int_metric_forecast') }}
),

completeness as (
    select * from {{ ref('int_metric_completeness') }}
),

compared as (
    select
        weekly.*,
        lag(weekly.value) over (
            partition by weekly.metric_id, weekly.scope_type, weekly.scope_code
            order by weekly.week_start
        ) as previous_value,
        last_year.value as same_week_last_year_value
    from weekly
    left join weekly as last_year
        on
            weekly.metric_id = last_year.metric_id
            and weekly.scope_type = last_year.scope_type
            and weekly.scope_code = last_year.scope_code
            and weekly.iso_year = last_year.iso_year + 1
            and weekly.iso_week = last_year.iso_week
)

select
    compared.metric_id,
    compared.scope_type,
    compared.scope_code,
    scopes.scope_name_zh,
    scopes.scope_name_en,
    scopes.scope_short_name_zh,
    scopes.scope_short_name_en,
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
    cast(compared.value - compared.same_week_last_year_value as decimal(28, 10)) as change_from_last_year,
    compared.cumulative_value,
    compared.cumulative_numerator,
    compared.cumulative_denominator,
    pace.target,
    pace.completion_rate,
    pace.expected_share,
    pace.pace_gap,
    pace.status_code,
    pace.status_zh,
    pace.status_en,
    ranks.rank,
    ranks.previous_rank,
    ranks.ranked_units,
    forecasts.forecast,
    forecasts.forecast_low,
    forecasts.forecast_high,
    completeness.data_as_of,
    completeness.completeness,
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
left join ranks
    on
        compared.metric_id = ranks.metric_id
        and compared.scope_type = ranks.scope_type
        and compared.scope_code = ranks.scope_code
        and compared.week_id = ranks.week_id
left join forecasts
    on
        compared.metric_id = forecasts.metric_id
        and compared.scope_type = forecasts.scope_type
        and compared.scope_code = forecasts.scope_code
        and compared.week_id = forecasts.week_id
left join completeness
    on
        compared.metric_id = completeness.metric_id
        and case when compared.scope_set = 'partner' then compared.scope_code else 'all' end
        = completeness.counted_from
        and compared.week_id = completeness.week_id
