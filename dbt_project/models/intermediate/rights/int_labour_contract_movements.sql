with statements as (
    select * from {{ ref('stg_contract_register__labour_contracts') }}
),

-- An employer is one, whichever union or register it states its figures to.
followed as (
    select
        *,
        lead(as_of_date) over (
            partition by employer_credit_code
            order by as_of_date, coalesce(updated_at, landed_at), partner_id, statement_id
        ) as replaced_on
    from statements
)

select
    partner_id,
    statement_id,
    'stated' as movement_type,
    as_of_date as moved_on,
    employer_credit_code,
    organisation_code,
    employees as employees_movement,
    contracts_signed as contracts_movement,
    batch_id,
    landed_at
from followed

union all

select
    partner_id,
    statement_id,
    'replaced' as movement_type,
    replaced_on as moved_on,
    employer_credit_code,
    organisation_code,
    -employees as employees_movement,
    -contracts_signed as contracts_movement,
    batch_id,
    landed_at
from followed
where replaced_on is not null
