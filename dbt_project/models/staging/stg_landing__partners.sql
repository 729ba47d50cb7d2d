with source as (
    select * from {{ source('landing', 'partners') }}
)

select
    partner_id,
    name_zh as partner_name_zh,
    short_name_zh as partner_short_name_zh,
    name_en as partner_name_en,
    partner_type,
    domain,
    display_order,
    feed,
    feed_name_zh,
    feed_name_en
from source
