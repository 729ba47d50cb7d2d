{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('labour_contracts', ['partner_id', 'statement_id'])) }}",
) }}

with source as (
    select * from {{ landed('labour_contracts') }}
),

ranked as (
    select
        *,
        {{ version_rank(['statement_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    statement_id,
    employer_credit_code,
    organisation_code,
    as_of_date,
    cast(employees as integer) as employees,
    cast(contracts_signed as integer) as contracts_signed,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
