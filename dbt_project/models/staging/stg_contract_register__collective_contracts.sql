{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('collective_contracts', ['partner_id', 'contract_id'])) }}",
) }}

with source as (
    select * from {{ landed('collective_contracts') }}
),

ranked as (
    select
        *,
        {{ version_rank(['contract_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    contract_id,
    employer_credit_code,
    organisation_code,
    contract_type,
    signed_on,
    valid_until,
    cast(covered_workers as integer) as covered_workers,
    fulfilment_status,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
