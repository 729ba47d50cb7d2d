with enrolments as (
    select * from {{ ref('stg_training_base__training_enrolments') }}
),

sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
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
    -- The record has no date of its own for how it ended: it ends with its session, for those who left early too.
    case
        when enrolments.enrolment_status in ('completed', 'dropped_out') and sessions.ended_on <= period.last_day
            then sessions.ended_on
    end as ended_on,
    sessions.session_id is null as is_orphan,
    enrolments.batch_id,
    enrolments.landed_at
from enrolments
cross join period
left join sessions
    on
        enrolments.partner_id = sessions.partner_id
        and enrolments.session_id = sessions.session_id
