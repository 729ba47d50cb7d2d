with feed_quality as (
    select * from {{ ref('int_feed_quality_weekly') }}
)

select
    partner_id,
    feed,
    week_id,
    rows_received,
    rows_accepted,
    rows_quarantined,
    rows_held_orphan,
    cast(
        cast(rows_accepted as decimal(28, 10)) / nullif(rows_received, 0) as decimal(28, 10)
    ) as acceptance_rate
from feed_quality
