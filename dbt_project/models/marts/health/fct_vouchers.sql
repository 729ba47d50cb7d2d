{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher()) }}",
) }}

with vouchers as (
    select * from {{ ref('int_vouchers_reconciled') }}
    {{ only(is_changed_voucher()) }}
)

select
    partner_id,
    voucher_id,
    worker_key,
    organisation_code,
    voucher_type,
    hospital_partner_id,
    issued_on,
    expires_on,
    hospital_redeemed_on,
    redeemed_at_partner_id,
    mini_program_redeemed_on,
    redemption_agreement,
    end_reason,
    ended_on,
    {{ text('health_vouchers') }} as project_id,
    batch_id,
    landed_at
from vouchers
