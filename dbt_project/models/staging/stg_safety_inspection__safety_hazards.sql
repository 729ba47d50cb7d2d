{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('safety_hazards', ['partner_id', 'hazard_id'])) }}",
) }}

with source as (
    select * from {{ landed('safety_hazards') }}
),

ranked as (
    select
        *,
        {{ version_rank(['hazard_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    hazard_id,
    inspection_id,
    hazard_level,
    found_on,
    due_on,
    rectified_on,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
