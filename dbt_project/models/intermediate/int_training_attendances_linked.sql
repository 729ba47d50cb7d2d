with attendances as (
    select * from {{ ref('stg_training_base__training_attendances') }}
),

sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
)

select
    attendances.partner_id,
    attendances.attendance_id,
    attendances.session_id,
    sessions.course,
    sessions.organisation_code,
    attendances.worker_key,
    attendances.attended_on,
    attendances.certificate_level,
    sessions.session_id is null as is_orphan,
    attendances.batch_id,
    attendances.landed_at
from attendances
left join sessions
    on
        attendances.partner_id = sessions.partner_id
        and attendances.session_id = sessions.session_id
