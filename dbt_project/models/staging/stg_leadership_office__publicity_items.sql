{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('publicity_items', ['partner_id', 'item_id'])) }}",
) }}

with source as (
    select * from {{ landed('publicity_items') }}
),

ranked as (
    select
        *,
        {{ version_rank(['item_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    item_id,
    published_on,
    channel,
    organisation_code,
    title,
    cast(reach as integer) as reach,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
