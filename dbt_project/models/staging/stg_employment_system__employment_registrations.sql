{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('employment_registrations', ['partner_id', 'registration_id'])) }}",
) }}

with source as (
    select * from {{ landed('employment_registrations') }}
),

ranked as (
    select
        *,
        {{ version_rank(['registration_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    registration_id,
    worker_key,
    employer_credit_code,
    organisation_code,
    occupation,
    hired_on,
    source_fair_id,
    source_posting_id,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
