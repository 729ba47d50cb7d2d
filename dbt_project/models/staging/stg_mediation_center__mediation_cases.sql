{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('mediation_cases', ['partner_id', 'case_id'])) }}",
) }}

with source as (
    select * from {{ landed('mediation_cases') }}
),

ranked as (
    select
        *,
        {{ version_rank(['case_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    case_id,
    accepted_on,
    organisation_code,
    dispute_type,
    worker_key,
    employer_credit_code,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
