{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('training_sessions', ['partner_id', 'session_id'])) }}",
) }}

with source as (
    select * from {{ landed('training_sessions') }}
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
    course,
    started_on,
    ended_on,
    organisation_code,
    cast(capacity as integer) as capacity,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
