with events as (
    select * from {{ ref('stg_mediation_center__mediation_events') }}
),

cases as (
    select * from {{ ref('stg_mediation_center__mediation_cases') }}
)

select
    events.partner_id,
    events.event_id,
    events.case_id,
    events.event_type,
    events.event_at,
    cases.case_id is null as is_orphan,
    events.batch_id,
    events.landed_at
from events
left join cases
    on
        events.partner_id = cases.partner_id
        and events.case_id = cases.case_id
