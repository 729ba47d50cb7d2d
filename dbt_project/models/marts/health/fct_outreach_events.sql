with outreach_events as (
    select * from {{ ref('int_outreach_events_marked') }}
)

select
    partner_id,
    event_id,
    event_date,
    event_type,
    organisation_code,
    site_id,
    site_kind,
    site_name,
    employer_credit_code,
    attendees,
    is_first_of_year,
    {{ text('health_outreach') }} as project_id,
    batch_id,
    landed_at
from outreach_events
