{%- set figures = [
    'value', 'numerator', 'denominator', 'previous_value', 'change', 'same_week_last_year_value',
    'change_from_last_year', 'cumulative_value', 'cumulative_numerator', 'cumulative_denominator', 'target',
    'completion_rate', 'expected_share', 'pace_gap', 'rank', 'previous_rank', 'ranked_units', 'forecast',
    'forecast_low', 'forecast_high', 'completeness',
] -%}

with printed as (
    select * from {{ ref('int_metric_printed') }}
    where figure in ('{{ figures | join("', '") }}')
),

weekly as (
    select * from {{ ref('rpt_metric_weekly') }}
),

compared as (
    select
        printed.*,
        weekly.is_suppressed,
        case printed.figure
            {%- for figure in figures %}
            when '{{ figure }}' then cast(weekly.{{ figure }} as decimal(28, 10))
            {%- endfor %}
        end as current_value
    from printed
    left join weekly
        on
            printed.metric_id = weekly.metric_id
            and printed.scope_type = weekly.scope_type
            and printed.scope_code = weekly.scope_code
            and printed.week_id = weekly.week_id
)

select
    issue_week,
    edition,
    metric_id,
    scope_type,
    scope_code,
    week_id,
    figure,
    printed_text,
    printed_value,
    current_value,
    coalesce(is_suppressed, false) as is_suppressed,
    printed_build_id,
    printed_as_of,
    printed_at
from compared
where printed_value is distinct from current_value
