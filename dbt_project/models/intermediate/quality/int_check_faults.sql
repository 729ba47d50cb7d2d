with failed as (
    select * from {{ ref('stg_landing__checks_failed') }}
),

batches as (
    select * from {{ ref('int_expected_batches') }}
)

-- Of a batch that did not come nothing was checked; it is missed as a batch.
select
    batches.partner_id,
    batches.feed,
    batches.interval_start,
    batches.interval_end,
    batches.week_id,
    failed.dimension_zh,
    failed.check_id,
    case when batches.outcome = 'rejected' then 'check_critical' else 'check_warning' end as deduction
from failed
inner join batches
    on
        failed.partner_id = batches.partner_id
        and failed.feed = batches.feed
        and failed.interval_start = batches.interval_start
        and failed.interval_end = batches.interval_end
where batches.outcome <> 'missing'
