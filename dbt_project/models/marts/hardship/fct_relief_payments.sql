with payments as (
    select * from {{ ref('int_relief_payments_placed') }}
)

select
    partner_id,
    payment_id,
    register_no,
    worker_key,
    organisation_code,
    relief_kind,
    amount_yuan,
    goods_name,
    paid_on,
    is_on_register,
    {{ text('hardship_relief') }} as project_id,
    batch_id,
    landed_at
from payments
