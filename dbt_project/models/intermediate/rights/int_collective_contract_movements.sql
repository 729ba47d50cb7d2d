with contracts as (
    select * from {{ ref('int_collective_contracts_assessed') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

movements as (
    select
        *,
        'signed' as movement_type,
        signed_on as moved_on,
        1 as contracts_movement
    from contracts

    union all

    select
        contracts.*,
        'expired' as movement_type,
        {{ add_days('contracts.valid_until', 1) }} as moved_on,
        -1 as contracts_movement
    from contracts
    cross join period
    where contracts.valid_until < period.last_day
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
    contracts_movement * covered_workers as covered_workers_movement,
    case when is_assessed then contracts_movement else 0 end as assessed_movement,
    case when is_fulfilled then contracts_movement else 0 end as fulfilled_movement,
    batch_id,
    landed_at
from movements
