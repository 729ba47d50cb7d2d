-- A record dated before the first week reported counts nowhere; a steward should know of it.
{{ config(severity='warn') }}

with metric_events as (
    select * from {{ ref('int_metric_events__health') }}
    union all
    select * from {{ ref('int_metric_events__employment') }}
    union all
    select * from {{ ref('int_metric_events__rights') }}
),

days as (
    select * from {{ ref('int_days') }}
)

select
    metric_events.metric_id,
    metric_events.feed,
    metric_events.partner_id,
    metric_events.record_id,
    metric_events.event_date
from metric_events
left join days
    on metric_events.event_date = days.date_day
where days.date_day is null
