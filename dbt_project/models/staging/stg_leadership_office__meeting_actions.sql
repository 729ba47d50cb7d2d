{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('meeting_actions', ['partner_id', 'action_id'])) }}",
) }}

with source as (
    select * from {{ landed('meeting_actions') }}
),

ranked as (
    select
        *,
        {{ version_rank(['action_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    action_id,
    meeting_date,
    title,
    domain,
    owner_organisation_code,
    owner_department,
    due_on,
    completed_on,
    action_state,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
