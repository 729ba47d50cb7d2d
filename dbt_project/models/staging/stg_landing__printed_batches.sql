with source as (
    select * from {{ source('landing', 'printed_batches') }}
)

select
    printed_build_id,
    batch_id,
    partner as partner_id,
    feed,
    interval_start,
    interval_end
from source
