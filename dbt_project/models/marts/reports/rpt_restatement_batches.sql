with causes as (
    select * from {{ ref('int_metric_restatement_batches') }}
)

select
    printed_build_id,
    metric_id,
    scope_type,
    scope_code,
    week_id,
    batch_id,
    change,
    feed,
    partner_id,
    interval_start,
    interval_end,
    landed_at,
    records
from causes
