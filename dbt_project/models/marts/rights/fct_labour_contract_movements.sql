with movements as (
    select * from {{ ref('int_labour_contract_movements') }}
)

select
    partner_id,
    statement_id,
    movement_type,
    moved_on,
    employer_credit_code,
    organisation_code,
    employees_movement,
    contracts_movement,
    {{ text('labour_contracts') }} as project_id,
    batch_id,
    landed_at
from movements
