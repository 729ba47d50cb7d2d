with partners as (
    select * from {{ ref('int_partners') }}
),

feeds as (
    select * from {{ ref('int_feed_coverage') }}
),

counted as (
    select
        partner_id,
        cast(count(distinct feed) as integer) as feeds
    from feeds
    group by partner_id
)

select
    partners.partner_id,
    partners.partner_name_zh,
    partners.partner_short_name_zh,
    partners.partner_name_en,
    partners.partner_type,
    partners.domain,
    counted.feeds,
    partners.display_order
from partners
inner join counted
    on partners.partner_id = counted.partner_id
