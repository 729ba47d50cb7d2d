with vouchers as (
    select * from {{ ref('stg_mini_program__vouchers') }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
)

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
    vouchers.batch_id,
    vouchers.landed_at
from vouchers
left join redemptions
    on vouchers.voucher_id = redemptions.voucher_id
