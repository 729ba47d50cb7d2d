-- A week that is missing is worse than a week of zero.
with weekly as (
    select * from {{ ref('rpt_metric_weekly') }}
),

catalogue as (
    select * from {{ ref('rpt_metric_catalogue') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
)

select
    catalogue.metric_id,
    scopes.scope_set,
    scopes.scope_code,
    weeks.week_id
from catalogue
cross join scopes
cross join weeks
left join weekly
    on
        catalogue.metric_id = weekly.metric_id
        and scopes.scope_type = weekly.scope_type
        and scopes.scope_code = weekly.scope_code
        and weeks.week_id = weekly.week_id
where
    scopes.scope_set in ('city', 'union')
    and weekly.metric_id is null
