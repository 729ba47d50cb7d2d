with metric_feeds as (
    select * from {{ ref('int_metric_feeds') }}
),

coverage as (
    select * from {{ ref('int_feed_coverage_weekly') }}
),

counted_from as (
    select
        metric_feeds.metric_id,
        coverage.partner_id as counted_from,
        coverage.week_id,
        coverage.expected_days,
        coverage.landed_days,
        coverage.complete_through
    from metric_feeds
    inner join coverage
        on metric_feeds.feed = coverage.feed

    union all

    select
        metric_feeds.metric_id,
        'all' as counted_from,
        coverage.week_id,
        coverage.expected_days,
        coverage.landed_days,
        coverage.complete_through
    from metric_feeds
    inner join coverage
        on metric_feeds.feed = coverage.feed
)

-- A feed of which nothing has landed leaves no day through which all of them are complete.
select
    metric_id,
    counted_from,
    week_id,
    case when count(*) = count(complete_through) then min(complete_through) end as data_as_of,
    cast(cast(sum(landed_days) as decimal(28, 4)) / nullif(sum(expected_days), 0) as decimal(28, 10)) as completeness
from counted_from
group by metric_id, counted_from, week_id
