with movements as (
    select * from {{ ref('int_collective_contract_movements') }}
)

select
    partner_id,
    contract_id,
    movement_type,
    moved_on,
    employer_credit_code,
    organisation_code,
    contract_type,
    contracts_movement,
    covered_workers_movement,
    assessed_movement,
    fulfilled_movement,
    {{ text('labour_contracts') }} as project_id,
    batch_id,
    landed_at
from movements
