with source as (
    select * from {{ source('landing', 'outcomes') }}
)

select
    partner as partner_id,
    feed,
    interval_start,
    interval_end,
    outcome,
    message_zh,
    message_en,
    batch_id,
    recorded_at,
    came_late
from source
