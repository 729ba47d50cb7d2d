-- A record dated outside the weeks reported counts in none of them; a steward should know of it. Stocks reach back.
{{ config(
    severity='warn',
    meta={
        'what': '没有记录落在统计周次之外',
        'why': '落在统计期以外的记录哪一周都不计，应当知道',
        'dimension': '时效性',
    },
) }}

with totals as (
    select * from {{ ref('int_measure_totals') }}
),

components as (
    select * from {{ ref('int_metric_components') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

flows as (
    select distinct measure_id
    from components
    where kind = 'count'
)

select
    totals.measure_id,
    totals.partner_id,
    totals.week_start,
    sum(totals.amount) as amount
from totals
inner join flows
    on totals.measure_id = flows.measure_id
left join weeks
    on totals.week_start = weeks.week_start
where weeks.week_start is null
group by totals.measure_id, totals.partner_id, totals.week_start
