with sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
),

attendances as (
    select * from {{ ref('int_training_attendances_linked') }}
    where not is_orphan
),

attended as (
    select
        partner_id,
        session_id,
        count(*) as person_times,
        count(distinct worker_key) as persons
    from attendances
    group by partner_id, session_id
)

select
    sessions.partner_id,
    sessions.session_id,
    sessions.course,
    sessions.started_on,
    sessions.ended_on,
    sessions.organisation_code,
    sessions.capacity,
    coalesce(attended.person_times, 0) as person_times,
    coalesce(attended.persons, 0) as persons,
    sessions.batch_id,
    sessions.landed_at
from sessions
left join attended
    on
        sessions.partner_id = attended.partner_id
        and sessions.session_id = attended.session_id
