with attendances as (
    select * from {{ ref('stg_training_base__training_attendances') }}
),

sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
),

linked as (
    select
        attendances.*,
        sessions.course,
        sessions.organisation_code,
        sessions.started_on as session_started_on,
        sessions.session_id is null as is_orphan
    from attendances
    left join sessions
        on
            attendances.partner_id = sessions.partner_id
            and attendances.session_id = sessions.session_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by partner_id, session_id, worker_key
            order by attended_on, attendance_id
        ) as attendance_number
    from linked
)

select
    partner_id,
    attendance_id,
    session_id,
    course,
    session_started_on,
    organisation_code,
    worker_key,
    attended_on,
    certificate_level,
    is_orphan,
    not is_orphan and attendance_number = 1 as is_first_of_session,
    batch_id,
    landed_at
from ranked
