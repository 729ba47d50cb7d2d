{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('health_services', ['partner_id', 'service_id'])) }}",
) }}

with services as (
    select * from {{ ref('stg_hospital__health_services') }}
    {{ only(is_changed('health_services', ['partner_id', 'service_id'])) }}
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
    satisfaction_score,
    {{ text('health_campaign') }} as project_id,
    batch_id,
    landed_at
from services
