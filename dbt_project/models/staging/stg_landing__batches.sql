with source as (
    select * from {{ source('landing', 'batches') }}
)

select
    batch_id,
    partner as partner_id,
    feed,
    interval_start,
    interval_end,
    contract_version,
    rows_received,
    rows_accepted,
    rows_quarantined,
    raw_sha256,
    parquet_sha256,
    landed_at
from source
