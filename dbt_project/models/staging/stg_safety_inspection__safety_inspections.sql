{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('safety_inspections', ['partner_id', 'inspection_id'])) }}",
) }}

with source as (
    select * from {{ landed('safety_inspections') }}
),

ranked as (
    select
        *,
        {{ version_rank(['inspection_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    inspection_id,
    inspected_on,
    organisation_code,
    employer_credit_code,
    inspection_type,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
