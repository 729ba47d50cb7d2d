{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('relief_payments', ['partner_id', 'payment_id'])) }}",
) }}

with source as (
    select * from {{ landed('relief_payments') }}
),

ranked as (
    select
        *,
        {{ version_rank(['payment_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    payment_id,
    register_no,
    worker_key,
    organisation_code,
    relief_kind,
    cast(amount_yuan as decimal(12, 2)) as amount_yuan,
    goods_name,
    paid_on,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
