-- Nothing that is worked out from a withheld figure is shown beside it.
{{ config(
    meta={
        'what': '由隐去的数字算出的数也都隐去',
        'why': '旁边的环比、累计会说出隐去的数',
        'dimension': '规范性',
    },
) }}

with weekly as (
    select * from {{ ref('rpt_metric_weekly') }}
)

select
    metric_id,
    scope_type,
    scope_code,
    week_id
from weekly
where
    is_suppressed
    and coalesce(
        value, numerator, denominator, change, change_from_last_year, cumulative_value, cumulative_numerator,
        cumulative_denominator, completion_rate, pace_gap, rank, forecast, forecast_low, forecast_high,
        case when status_code is not null then 0 end
    ) is not null
