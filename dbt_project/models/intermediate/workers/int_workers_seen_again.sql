with appointments as (
    {{ changes_of(
        ref('stg_hospital__health_appointments'), is_changed('health_appointments', ['partner_id', 'appointment_id'])
    ) | indent }}
),

services as (
    {{ changes_of(
        ref('stg_hospital__health_services'), is_changed('health_services', ['partner_id', 'service_id'])
    ) | indent }}
),

vouchers as (
    {{ changes_of(
        ref('stg_mini_program__vouchers'), is_changed('vouchers', ['partner_id', 'voucher_id'])
    ) | indent }}
)

select worker_key
from appointments
union
select worker_key
from services
union
select worker_key
from vouchers
