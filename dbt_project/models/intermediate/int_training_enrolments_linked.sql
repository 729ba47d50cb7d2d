with enrolments as (
    select * from {{ ref('stg_training_base__training_enrolments') }}
),

sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
)

select
    enrolments.partner_id,
    enrolments.enrolment_id,
    enrolments.session_id,
    sessions.course,
    sessions.organisation_code,
    enrolments.worker_key,
    enrolments.enrolled_on,
    enrolments.enrolment_status,
    sessions.session_id is null as is_orphan,
    enrolments.batch_id,
    enrolments.landed_at
from enrolments
left join sessions
    on
        enrolments.partner_id = sessions.partner_id
        and enrolments.session_id = sessions.session_id
