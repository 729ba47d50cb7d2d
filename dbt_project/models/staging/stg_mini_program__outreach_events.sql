{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('outreach_events', ['partner_id', 'event_id'])) }}",
) }}

with source as (
    select * from {{ landed('outreach_events') }}
),

ranked as (
    select
        *,
        {{ version_rank(['event_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    event_id,
    event_date,
    event_type,
    organisation_code,
    site_id,
    site_kind,
    site_name,
    employer_credit_code,
    cast(attendees as integer) as attendees,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
