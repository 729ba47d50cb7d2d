{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('service_ratings', ['partner_id', 'rating_id'])) }}",
) }}

with source as (
    select * from {{ landed('service_ratings') }}
),

ranked as (
    select
        *,
        {{ version_rank(['rating_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    rating_id,
    voucher_id,
    partner_id as hospital_partner_id,
    organisation_code,
    rated_on,
    cast(score as integer) as score,
    is_complaint = 'yes' as is_complaint,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
