{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('job_postings', ['partner_id', 'posting_id', 'fair_id'])) }}",
) }}

with source as (
    select * from {{ landed('job_postings') }}
),

ranked as (
    select
        *,
        {{ version_rank(['posting_id', 'fair_id']) }} as version_rank
    from source
)

select
    _partner as partner_id,
    posting_id,
    fair_id,
    employer_credit_code,
    employer_name,
    occupation,
    cast(headcount as integer) as headcount,
    cast(monthly_wage_min as decimal(12, 2)) as monthly_wage_min,
    cast(monthly_wage_max as decimal(12, 2)) as monthly_wage_max,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    version_rank = 1
    and coalesce(record_status, 'valid') <> 'withdrawn'
