with support as (
    select * from {{ ref('int_startup_support_split') }}
)

select
    partner_id,
    support_id,
    organisation_code,
    worker_key,
    support_type,
    supported_on,
    amount_yuan,
    subsidy_yuan,
    loan_yuan,
    {{ text('startup_support') }} as project_id,
    batch_id,
    landed_at
from support
