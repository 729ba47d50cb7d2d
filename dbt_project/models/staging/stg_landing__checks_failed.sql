with source as (
    select * from {{ source('landing', 'checks_failed') }}
)

select
    partner as partner_id,
    feed,
    interval_start,
    interval_end,
    check_id,
    what_zh,
    dimension_zh,
    severity
from source
