with inspections as (
    select * from {{ ref('int_safety_inspections_summarised') }}
)

select
    partner_id,
    inspection_id,
    inspected_on,
    organisation_code,
    employer_credit_code,
    inspection_type,
    hazards_found,
    hazards_rectified,
    {{ text('labour_safety') }} as project_id,
    batch_id,
    landed_at
from inspections
