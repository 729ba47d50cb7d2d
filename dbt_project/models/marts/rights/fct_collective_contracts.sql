with contracts as (
    select * from {{ ref('int_collective_contracts_assessed') }}
)

select
    partner_id,
    contract_id,
    employer_credit_code,
    organisation_code,
    contract_type,
    signed_on,
    valid_until,
    covered_workers,
    fulfilment_status,
    is_assessed,
    is_fulfilled,
    {{ text('labour_contracts') }} as project_id,
    batch_id,
    landed_at
from contracts
