with partners as (
    select * from {{ ref('int_partners') }}
)

select
    partner_id,
    partner_name_zh,
    partner_short_name_zh,
    partner_name_en,
    partner_type,
    domain,
    display_order
from partners
