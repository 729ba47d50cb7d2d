{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('counselling_sessions', ['partner_id', 'session_id'])) }}",
) }}

with source as (
    select * from {{ landed('counselling_sessions') }}
),

ranked as (
    select
        *,
        {{ version_rank(['session_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    session_id,
    started_at,
    channel,
    topic,
    cast(duration_minutes as integer) as duration_minutes,
    organisation_code,
    cast(satisfaction_score as integer) as satisfaction_score,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
