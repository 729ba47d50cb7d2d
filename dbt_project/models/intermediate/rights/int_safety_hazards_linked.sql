with hazards as (
    select * from {{ ref('stg_safety_inspection__safety_hazards') }}
),

inspections as (
    select * from {{ ref('stg_safety_inspection__safety_inspections') }}
)

select
    hazards.partner_id,
    hazards.hazard_id,
    hazards.inspection_id,
    inspections.organisation_code,
    inspections.employer_credit_code,
    inspections.inspection_type,
    hazards.hazard_level,
    hazards.found_on,
    hazards.due_on,
    hazards.rectified_on,
    inspections.inspection_id is null as is_orphan,
    hazards.batch_id,
    hazards.landed_at
from hazards
left join inspections
    on
        hazards.partner_id = inspections.partner_id
        and hazards.inspection_id = inspections.inspection_id
