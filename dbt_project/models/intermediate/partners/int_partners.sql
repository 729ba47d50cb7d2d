with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

partners as (
    select distinct
        partner_id,
        partner_name_zh,
        partner_short_name_zh,
        partner_name_en,
        partner_type,
        domain,
        display_order as stated_order
    from feeds
)

select
    partner_id,
    partner_name_zh,
    partner_short_name_zh,
    partner_name_en,
    partner_type,
    domain,
    cast(row_number() over (order by stated_order, partner_id) as integer) as display_order
from partners
