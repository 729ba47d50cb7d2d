{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('mediation_events', ['partner_id', 'event_id'])) }}",
) }}

with source as (
    select * from {{ landed('mediation_events') }}
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
    case_id,
    event_type,
    event_at,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
