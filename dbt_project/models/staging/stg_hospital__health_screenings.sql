{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('health_screenings', ['partner_id', 'screening_id'])) }}",
) }}

with source as (
    select * from {{ landed('health_screenings') }}
),

ranked as (
    select
        *,
        {{ version_rank(['screening_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    screening_id,
    worker_key,
    age_band,
    sex,
    special_group,
    screening_type,
    screened_on,
    organisation_code,
    employer_credit_code,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
