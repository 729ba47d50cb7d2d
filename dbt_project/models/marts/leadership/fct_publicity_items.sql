with items as (
    select * from {{ ref('int_publicity_items') }}
)

select
    partner_id,
    item_id,
    published_on,
    channel,
    organisation_code,
    title,
    reach,
    {{ text('publicity') }} as project_id,
    batch_id,
    landed_at
from items
