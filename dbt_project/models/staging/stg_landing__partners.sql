with source as (
    select * from {{ source('landing', 'partners') }}
)

select
    partner_id,
    name_zh as partner_name_zh,
    domain,
    feed,
    feed_name_zh
from source
