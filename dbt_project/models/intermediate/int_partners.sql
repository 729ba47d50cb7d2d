with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

names as (
    select * from {{ ref('partners') }}
),

partners as (
    select
        partner_id,
        min(partner_name_zh) as partner_name_zh,
        min(domain) as domain
    from feeds
    group by partner_id
)

select
    partners.partner_id,
    partners.partner_name_zh,
    coalesce(names.short_name_zh, partners.partner_name_zh) as partner_short_name_zh,
    names.name_en as partner_name_en,
    names.partner_type,
    partners.domain,
    cast(
        row_number() over (order by coalesce(names.display_order, 999), partners.partner_id) as integer
    ) as display_order
from partners
left join names
    on partners.partner_id = names.code
