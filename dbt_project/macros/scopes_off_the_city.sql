{#- Metrics and weeks in which the scopes of one set do not add up to the city, for metrics that add up. -#}
{% macro scopes_off_the_city(scope_set) %}
with weekly as (
    select * from {{ ref('int_metric_weekly') }}
),

catalogue as (
    select * from {{ ref('rpt_metric_catalogue') }}
),

totals as (
    select
        weekly.metric_id,
        weekly.week_id,
        sum(case when weekly.scope_set = 'city' then weekly.cumulative_numerator else 0 end) as city,
        sum(case when weekly.scope_set = '{{ scope_set }}' then weekly.cumulative_numerator else 0 end) as scopes
    from weekly
    inner join catalogue
        on weekly.metric_id = catalogue.metric_id
    where catalogue.is_additive
    group by weekly.metric_id, weekly.week_id
)

select *
from totals
where city <> scopes
{% endmacro %}
