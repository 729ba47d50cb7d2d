with hazards as (
    select * from {{ ref('int_safety_hazards_linked') }}
    where not is_orphan
)

select
    partner_id,
    hazard_id,
    inspection_id,
    organisation_code,
    employer_credit_code,
    inspection_type,
    hazard_level,
    found_on,
    due_on,
    rectified_on,
    {{ text('labour_safety') }} as project_id,
    batch_id,
    landed_at
from hazards
