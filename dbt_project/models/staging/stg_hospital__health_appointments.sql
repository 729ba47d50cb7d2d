{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('health_appointments', ['partner_id', 'appointment_id'])) }}",
) }}

with source as (
    select * from {{ landed('health_appointments') }}
),

ranked as (
    select
        *,
        {{ version_rank(['appointment_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    appointment_id,
    worker_key,
    service_category,
    organisation_code,
    booked_on,
    scheduled_on,
    appointment_status,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
