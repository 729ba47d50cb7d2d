with events as (
    select * from {{ ref('stg_mini_program__outreach_events') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by partner_id, site_id, {{ iso_year('event_date') }}
            order by event_date, event_id
        ) as visit_number
    from events
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
    visit_number = 1 as is_first_of_year,
    batch_id,
    landed_at
from ranked
