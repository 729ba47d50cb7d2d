{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('training_enrolments', ['partner_id', 'enrolment_id'])) }}",
) }}

with source as (
    select * from {{ landed('training_enrolments') }}
),

ranked as (
    select
        *,
        {{ version_rank(['enrolment_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    enrolment_id,
    session_id,
    worker_key,
    enrolled_on,
    enrolment_status,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
