with source as (
    select * from {{ source('landing', 'checks_judged') }}
)

select
    partner as partner_id,
    feed,
    interval_start,
    interval_end,
    dimension_zh,
    checks_judged
from source
