{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('vouchers', ['partner_id', 'voucher_id'])) }}",
) }}

with source as (
    select * from {{ landed('vouchers') }}
),

ranked as (
    select
        *,
        {{ version_rank(['voucher_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    voucher_id,
    worker_key,
    organisation_code,
    voucher_type,
    partner_id as hospital_partner_id,
    issued_on,
    expires_on,
    redeemed_on as mini_program_redeemed_on,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
