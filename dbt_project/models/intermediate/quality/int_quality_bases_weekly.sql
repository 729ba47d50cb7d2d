with feed_quality as (
    select * from {{ ref('int_feed_quality_weekly') }}
),

batches as (
    select * from {{ ref('int_expected_batches') }}
),

comparisons as (
    select * from {{ ref('int_quality_comparisons') }}
)

select
    partner_id,
    feed,
    week_id,
    'rows_received' as basis,
    rows_received as base
from feed_quality

union all

select
    partner_id,
    feed,
    week_id,
    'batches_expected' as basis,
    count(*) as base
from batches
group by partner_id, feed, week_id

union all

select
    partner_id,
    feed,
    week_id,
    'records_compared' as basis,
    cast(sum(records_compared) as bigint) as base
from comparisons
group by partner_id, feed, week_id
