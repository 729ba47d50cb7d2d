with support as (
    select * from {{ ref('stg_employment_system__startup_support') }}
)

select
    partner_id,
    support_id,
    worker_key,
    organisation_code,
    support_type,
    supported_on,
    amount_yuan,
    case when support_type = 'subsidy' then amount_yuan end as subsidy_yuan,
    case when support_type = 'guaranteed_loan' then amount_yuan end as loan_yuan,
    batch_id,
    landed_at
from support
