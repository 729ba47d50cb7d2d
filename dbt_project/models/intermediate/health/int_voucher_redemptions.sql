{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher()) }}",
) }}

with services as (
    select * from {{ ref('stg_hospital__health_services') }}
    {{ only(is_changed_voucher()) }}
),

vouchers as (
    select * from {{ ref('stg_mini_program__vouchers') }}
),

redeeming_services as (
    select
        *,
        row_number() over (
            partition by voucher_id
            order by service_date, partner_id, service_id
        ) as service_rank
    from services
    where voucher_id is not null
),

redemptions as (
    select
        redeeming_services.voucher_id,
        redeeming_services.partner_id,
        redeeming_services.service_id,
        redeeming_services.service_date as redeemed_on,
        redeeming_services.worker_key,
        -- For the union that issued the voucher, so that the rate compares like with like.
        coalesce(vouchers.organisation_code, redeeming_services.organisation_code) as organisation_code,
        redeeming_services.batch_id
    from redeeming_services
    left join vouchers
        on redeeming_services.voucher_id = vouchers.voucher_id
    where redeeming_services.service_rank = 1
)

select
    voucher_id,
    partner_id,
    service_id,
    redeemed_on,
    worker_key,
    organisation_code,
    batch_id
from redemptions
