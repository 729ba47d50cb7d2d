{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('health_appointments', ['partner_id', 'appointment_id'])) }}",
) }}

with appointments as (
    select * from {{ ref('stg_hospital__health_appointments') }}
    {{ only(is_changed('health_appointments', ['partner_id', 'appointment_id'])) }}
)

select
    partner_id,
    appointment_id,
    worker_key,
    service_category,
    organisation_code,
    booked_on,
    scheduled_on,
    appointment_status,
    {{ dbt.datediff('booked_on', 'scheduled_on', 'day') | trim }} as waiting_days,
    {{ text('health_campaign') }} as project_id,
    batch_id,
    landed_at
from appointments
