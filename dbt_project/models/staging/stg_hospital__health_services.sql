{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('health_services', ['partner_id', 'service_id'])) }}",
) }}

with source as (
    select * from {{ landed('health_services') }}
),

ranked as (
    select
        *,
        {{ version_rank(['service_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    service_id,
    worker_key,
    age_band,
    sex,
    service_date,
    service_category,
    organisation_code,
    employer_credit_code,
    voucher_id,
    cast(satisfaction_score as integer) as satisfaction_score,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
