with items as (
    select * from {{ ref('stg_leadership_office__publicity_items') }}
)

select
    partner_id,
    item_id,
    published_on,
    channel,
    organisation_code,
    title,
    reach,
    batch_id,
    landed_at
from items
