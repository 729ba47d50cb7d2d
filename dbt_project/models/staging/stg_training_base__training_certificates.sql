{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('training_certificates', ['partner_id', 'certificate_id'])) }}",
) }}

with source as (
    select * from {{ landed('training_certificates') }}
),

ranked as (
    select
        *,
        {{ version_rank(['certificate_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    certificate_id,
    session_id,
    worker_key,
    issued_on,
    certificate_level,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
