-- A record dated outside the weeks reported counts in none of them; a steward should know of it. Stocks reach back.
{{ config(severity='warn') }}

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
