with restated as (
    select distinct
        printed_build_id,
        metric_id,
        week_id
    from {{ ref('int_metric_restated') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

components as (
    select * from {{ ref('int_metric_components') }}
),

metric_feeds as (
    select * from {{ ref('int_metric_feeds') }}
),

late_batches as (
    select * from {{ ref('int_measure_late_batches') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

printed_batches as (
    select * from {{ ref('stg_landing__printed_batches') }}
),

-- Stood then and does not now: the name of a batch says partner, feed and days.
removed as (
    select
        restated.printed_build_id,
        restated.metric_id,
        restated.week_id,
        printed_batches.batch_id,
        metric_feeds.feed,
        'removed' as change,
        0 as records
    from restated
    inner join printed_batches
        on restated.printed_build_id = printed_batches.printed_build_id
    left join batches
        on printed_batches.batch_id = batches.batch_id
    inner join metric_feeds
        on
            restated.metric_id = metric_feeds.metric_id
            and printed_batches.batch_id like '%-' || metric_feeds.feed || '-%'
    where batches.batch_id is null
),

-- Stands now and did not then, and is counted in the week, or before it in the year; in a stock, at any time before.
counted as (
    select
        restated.printed_build_id,
        restated.metric_id,
        restated.week_id,
        late_batches.batch_id,
        late_batches.measure_id,
        sum(late_batches.records) as records
    from restated
    inner join weeks
        on restated.week_id = weeks.week_id
    inner join components
        on restated.metric_id = components.metric_id
    inner join late_batches
        on
            components.measure_id = late_batches.measure_id
            and weeks.week_start >= late_batches.week_start
            and (components.kind = 'stock' or weeks.iso_year = {{ iso_year('late_batches.week_start') }})
    left join printed_batches
        on
            restated.printed_build_id = printed_batches.printed_build_id
            and late_batches.batch_id = printed_batches.batch_id
    where printed_batches.batch_id is null
    group by
        restated.printed_build_id, restated.metric_id, restated.week_id, late_batches.batch_id, late_batches.measure_id
),

added as (
    select
        counted.printed_build_id,
        counted.metric_id,
        counted.week_id,
        counted.batch_id,
        batches.feed,
        'added' as change,
        max(counted.records) as records
    from counted
    inner join batches
        on counted.batch_id = batches.batch_id
    group by counted.printed_build_id, counted.metric_id, counted.week_id, counted.batch_id, batches.feed
),

explained as (
    select * from removed
    union all
    select * from added
),

-- A batch that only withdrew or moved records leaves none behind: failing any other, all of the feeds since are named.
possible as (
    select
        restated.printed_build_id,
        restated.metric_id,
        restated.week_id,
        batches.batch_id,
        batches.feed,
        'possible' as change,
        0 as records
    from restated
    inner join metric_feeds
        on restated.metric_id = metric_feeds.metric_id
    inner join batches
        on metric_feeds.feed = batches.feed
    left join printed_batches
        on
            restated.printed_build_id = printed_batches.printed_build_id
            and batches.batch_id = printed_batches.batch_id
    left join explained
        on
            restated.printed_build_id = explained.printed_build_id
            and restated.metric_id = explained.metric_id
            and restated.week_id = explained.week_id
    where
        printed_batches.batch_id is null
        and explained.batch_id is null
),

causes as (
    select * from explained
    union all
    select * from possible
)

select
    causes.printed_build_id,
    causes.metric_id,
    causes.week_id,
    causes.batch_id,
    causes.feed,
    causes.change,
    cast(causes.records as bigint) as records,
    batches.partner_id,
    batches.interval_start,
    batches.interval_end,
    batches.landed_at
from causes
left join batches
    on causes.batch_id = batches.batch_id
