with events as (
    select * from {{ ref('int_mediation_case_events') }}
)

select
    partner_id,
    case_id,
    event_number,
    event_id,
    event_type,
    event_at,
    happened_on,
    days_since_accepted,
    organisation_code,
    times_reopened,
    is_closing,
    open_cases_movement,
    {{ text('mediation') }} as project_id,
    batch_id,
    landed_at
from events
