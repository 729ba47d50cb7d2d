with cases as (
    select * from {{ ref('stg_mediation_center__mediation_cases') }}
),

events as (
    select * from {{ ref('int_mediation_case_events') }}
),

reopenings as (
    select
        partner_id,
        case_id,
        cast(max(times_reopened) as bigint) as times_reopened
    from events
    group by partner_id, case_id
),

stated as (
    select
        cases.*,
        coalesce(events.event_type, 'open') as case_state,
        events.happened_on as closed_on,
        events.days_since_accepted,
        coalesce(events.event_type in ('agreement', 'no_agreement'), false) as is_concluded,
        reopenings.times_reopened
    from cases
    inner join reopenings
        on
            cases.partner_id = reopenings.partner_id
            and cases.case_id = reopenings.case_id
    left join events
        on
            reopenings.partner_id = events.partner_id
            and reopenings.case_id = events.case_id
            and reopenings.times_reopened = events.times_reopened
            and events.is_closing
)

select
    partner_id,
    case_id,
    accepted_on,
    organisation_code,
    dispute_type,
    worker_key,
    employer_credit_code,
    case_state,
    closed_on,
    is_concluded,
    -- A conclusion dated before the acceptance is a slip of the log, not a quick mediation.
    case when is_concluded and days_since_accepted >= 0 then days_since_accepted end as mediation_days,
    times_reopened,
    batch_id,
    landed_at
from stated
