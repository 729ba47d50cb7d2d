{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher('comparison_id')) }}",
) }}

with vouchers as (
    select * from {{ ref('stg_mini_program__vouchers') }}
    {{ only(is_changed_voucher()) }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
    {{ only(is_changed_voucher()) }}
),

feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

-- Where a voucher is unknown, the system that should know it is the one that delivers vouchers.
voucher_systems as (
    select min(partner_id) as partner_id
    from feeds
    where feed = 'vouchers'
    having min(partner_id) is not null
),

joined as (
    select
        coalesce(redemptions.voucher_id, vouchers.voucher_id) as comparison_id,
        coalesce(redemptions.partner_id, vouchers.hospital_partner_id) as partner_id,
        redemptions.service_id as record_id,
        redemptions.batch_id,
        coalesce(vouchers.partner_id, voucher_systems.partner_id) as other_partner_id,
        vouchers.voucher_id as other_record_id,
        vouchers.batch_id as other_batch_id,
        redemptions.redeemed_on as hospital_redeemed_on,
        vouchers.mini_program_redeemed_on,
        vouchers.hospital_partner_id as issued_for_partner_id,
        coalesce(redemptions.redeemed_on, vouchers.mini_program_redeemed_on) as compared_on,
        redemptions.voucher_id is not null as is_at_hospital,
        vouchers.mini_program_redeemed_on is not null as is_at_mini_program,
        vouchers.voucher_id is not null as is_registered,
        coalesce(redemptions.redeemed_on <> vouchers.mini_program_redeemed_on, false) as is_date_different,
        coalesce(redemptions.partner_id <> vouchers.hospital_partner_id, false) as is_hospital_different,
        coalesce(redemptions.worker_key <> vouchers.worker_key, false) as is_worker_different
    from vouchers
    full outer join redemptions
        on vouchers.voucher_id = redemptions.voucher_id
    cross join voucher_systems
)

select
    comparison_id,
    partner_id,
    record_id,
    batch_id,
    other_partner_id,
    other_record_id,
    other_batch_id,
    compared_on,
    case
        when not is_at_mini_program then 'partner_only'
        when not is_at_hospital then 'other_only'
        when is_date_different or is_hospital_different or is_worker_different then 'differing'
        else 'agreed'
    end as outcome,
    hospital_redeemed_on,
    mini_program_redeemed_on,
    issued_for_partner_id,
    is_registered,
    is_date_different,
    is_hospital_different,
    is_worker_different
from joined
where is_at_hospital or is_at_mini_program
