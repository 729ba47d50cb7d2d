{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_voucher()) }}",
) }}

with vouchers as (
    select * from {{ ref('int_vouchers_reconciled') }}
    {{ only(is_changed_voucher()) }}
)

select
    voucher_id,
    'in' as movement,
    issued_on as moved_on,
    1 as stock_change,
    hospital_partner_id as partner_id,
    organisation_code,
    {{ text('health_vouchers') }} as project_id,
    batch_id
from vouchers

union all

select
    voucher_id,
    'out' as movement,
    ended_on as moved_on,
    -1 as stock_change,
    hospital_partner_id as partner_id,
    organisation_code,
    {{ text('health_vouchers') }} as project_id,
    batch_id
from vouchers
where ended_on is not null
