{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('job_applications', ['partner_id', 'application_id'])) }}",
) }}

with source as (
    select * from {{ landed('job_applications') }}
),

ranked as (
    select
        *,
        {{ version_rank(['application_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    application_id,
    posting_id,
    fair_id,
    worker_key,
    applied_on,
    stage,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
