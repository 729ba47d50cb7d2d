with cases as (
    select * from {{ ref('stg_mediation_center__mediation_cases') }}
),

events as (
    select * from {{ ref('int_mediation_events_linked') }}
    where not is_orphan
),

numbered as (
    select
        *,
        row_number() over (
            partition by partner_id, case_id
            order by event_at, event_id
        ) as event_number
    from events
),

reopenings as (
    select
        partner_id,
        case_id,
        count(*) as times_reopened,
        max(event_number) as last_reopening_number
    from numbered
    where event_type = 'reopened'
    group by partner_id, case_id
),

-- A case passed on after mediation failed has still failed, so a conclusion outranks a withdrawal or a transfer.
closings as (
    select
        numbered.partner_id,
        numbered.case_id,
        numbered.event_type as state,
        cast(numbered.event_at as date) as closed_on,
        row_number() over (
            partition by numbered.partner_id, numbered.case_id
            order by
                case when numbered.event_type in ('agreement', 'no_agreement') then 1 else 2 end,
                numbered.event_number desc
        ) as closing_rank
    from numbered
    left join reopenings
        on
            numbered.partner_id = reopenings.partner_id
            and numbered.case_id = reopenings.case_id
    where
        numbered.event_type in ('agreement', 'no_agreement', 'withdrawn', 'transferred')
        and numbered.event_number > coalesce(reopenings.last_reopening_number, 0)
)

select
    cases.partner_id,
    cases.case_id,
    cases.accepted_on,
    cases.organisation_code,
    cases.dispute_type,
    cases.worker_key,
    cases.employer_credit_code,
    coalesce(closings.state, 'open') as case_state,
    closings.closed_on,
    coalesce(closings.state in ('agreement', 'no_agreement'), false) as is_concluded,
    coalesce(reopenings.times_reopened, 0) as times_reopened,
    cases.batch_id,
    cases.landed_at
from cases
left join closings
    on
        cases.partner_id = closings.partner_id
        and cases.case_id = closings.case_id
        and closings.closing_rank = 1
left join reopenings
    on
        cases.partner_id = reopenings.partner_id
        and cases.case_id = reopenings.case_id
