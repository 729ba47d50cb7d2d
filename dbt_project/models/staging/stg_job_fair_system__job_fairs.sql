{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('job_fairs', ['partner_id', 'fair_id'])) }}",
) }}

with source as (
    select * from {{ landed('job_fairs') }}
),

ranked as (
    select
        *,
        {{ version_rank(['fair_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    fair_id,
    fair_name,
    fair_type,
    fair_date,
    organisation_code,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
