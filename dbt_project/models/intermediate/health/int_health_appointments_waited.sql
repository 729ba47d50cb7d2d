with appointments as (
    select * from {{ ref('stg_hospital__health_appointments') }}
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
    batch_id,
    landed_at
from appointments
