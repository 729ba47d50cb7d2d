with appointments as (
    select * from {{ ref('int_health_appointments_waited') }}
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
    waiting_days,
    {{ text('health_campaign') }} as project_id,
    batch_id,
    landed_at
from appointments
