{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('training_attendances', ['partner_id', 'attendance_id'])) }}",
) }}

with source as (
    select * from {{ landed('training_attendances') }}
),

ranked as (
    select
        *,
        {{ version_rank(['attendance_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    attendance_id,
    session_id,
    worker_key,
    attended_on,
    certificate_level,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
