with source as (
    select * from {{ source('landing', 'printed_batches') }}
)

select
    printed_build_id,
    batch_id
from source
