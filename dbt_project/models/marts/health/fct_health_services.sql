with services as (
    select * from {{ ref('int_health_services_marked') }}
)

select
    partner_id,
    service_id,
    worker_key,
    age_band,
    sex,
    service_date,
    service_category,
    organisation_code,
    employer_credit_code,
    voucher_id,
    is_redemption,
    satisfaction_score,
    {{ text('health_campaign') }} as project_id,
    batch_id,
    landed_at
from services
