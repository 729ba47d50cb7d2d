with services as (
    select * from {{ ref('stg_hospital__health_services') }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
)

select
    services.partner_id,
    services.service_id,
    services.worker_key,
    services.age_band,
    services.sex,
    services.service_date,
    services.service_category,
    services.organisation_code,
    services.employer_credit_code,
    services.voucher_id,
    redemptions.service_id is not null as is_redemption,
    services.satisfaction_score,
    services.batch_id,
    services.landed_at
from services
left join redemptions
    on
        services.partner_id = redemptions.partner_id
        and services.service_id = redemptions.service_id
