{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher()) }}",
) }}

with vouchers as (
    select * from {{ ref('int_vouchers_reconciled') }}
    {{ only(is_changed_voucher()) }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
    {{ only(is_changed_voucher()) }}
)

select
    voucher_id,
    'issued' as event_type,
    issued_on as happened_on,
    hospital_partner_id as partner_id,
    organisation_code,
    {{ text('health_vouchers') }} as project_id,
    worker_key,
    voucher_id as record_id,
    batch_id
from vouchers

union all

select
    voucher_id,
    'redeemed' as event_type,
    redeemed_on as happened_on,
    partner_id,
    organisation_code,
    {{ text('health_vouchers') }} as project_id,
    worker_key,
    service_id as record_id,
    batch_id
from redemptions

union all

select
    voucher_id,
    'expired' as event_type,
    ended_on as happened_on,
    hospital_partner_id as partner_id,
    organisation_code,
    {{ text('health_vouchers') }} as project_id,
    worker_key,
    voucher_id as record_id,
    batch_id
from vouchers
where end_reason = 'expired'
