{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('startup_support', ['partner_id', 'support_id'])) }}",
) }}

with source as (
    select * from {{ landed('startup_support') }}
),

ranked as (
    select
        *,
        {{ version_rank(['support_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    support_id,
    worker_key,
    organisation_code,
    support_type,
    supported_on,
    cast(amount_yuan as decimal(12, 2)) as amount_yuan,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
