with contracts as (
    select * from {{ ref('stg_contract_register__collective_contracts') }}
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
    fulfilment_status is not null as is_assessed,
    coalesce(fulfilment_status = 'fulfilled', false) as is_fulfilled,
    batch_id,
    landed_at
from contracts
