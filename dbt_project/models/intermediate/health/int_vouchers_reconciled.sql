{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher()) }}",
) }}

with vouchers as (
    select * from {{ ref('stg_mini_program__vouchers') }}
    {{ only(is_changed_voucher()) }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
    {{ only(is_changed_voucher()) }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

compared as (
    select
        vouchers.partner_id,
        vouchers.voucher_id,
        vouchers.worker_key,
        vouchers.organisation_code,
        vouchers.voucher_type,
        vouchers.hospital_partner_id,
        vouchers.issued_on,
        vouchers.expires_on,
        redemptions.redeemed_on as hospital_redeemed_on,
        redemptions.partner_id as redeemed_at_partner_id,
        vouchers.mini_program_redeemed_on,
        case
            when redemptions.redeemed_on is null and vouchers.mini_program_redeemed_on is null then 'unredeemed'
            when vouchers.mini_program_redeemed_on is null then 'hospital_only'
            when redemptions.redeemed_on is null then 'mini_program_only'
            when redemptions.redeemed_on <> vouchers.mini_program_redeemed_on then 'dates_differ'
            else 'agreed'
        end as redemption_agreement,
        -- A voucher ends once: a redemption after its last day is a redemption, yet it had expired before.
        case
            when redemptions.redeemed_on <= vouchers.expires_on then 'redeemed'
            when vouchers.expires_on <= period.last_day then 'expired'
        end as end_reason,
        vouchers.batch_id,
        vouchers.landed_at
    from vouchers
    cross join period
    left join redemptions
        on vouchers.voucher_id = redemptions.voucher_id
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
    case end_reason
        -- No voucher can end before it began, whatever day a hospital writes down.
        when 'redeemed' then greatest(hospital_redeemed_on, issued_on)
        when 'expired' then expires_on
    end as ended_on,
    batch_id,
    landed_at
from compared
