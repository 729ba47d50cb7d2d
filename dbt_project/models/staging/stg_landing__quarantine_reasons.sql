with source as (
    select * from {{ source('landing', 'quarantine_reasons') }}
)

-- Two checks of one rule on one cell are one reason.
select distinct
    batch_id,
    partner as partner_id,
    feed,
    interval_start,
    interval_end,
    row_number,
    coalesce(column_name, '') as column_name,
    rule
from source
