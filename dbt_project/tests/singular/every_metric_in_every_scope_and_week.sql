-- A week that is missing is worse than a week of zero.
{{ config(
    meta={
        'what': '每个指标在每个范围、每一周都有一行',
        'why': '缺少的一周比数字为零更糟，读者看不出来',
        'dimension': '完整性',
    },
) }}

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
