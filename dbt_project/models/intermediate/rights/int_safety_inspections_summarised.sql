with inspections as (
    select * from {{ ref('stg_safety_inspection__safety_inspections') }}
),

hazards as (
    select * from {{ ref('int_safety_hazards_linked') }}
    where not is_orphan
),

found as (
    select
        partner_id,
        inspection_id,
        count(*) as hazards_found,
        count(rectified_on) as hazards_rectified
    from hazards
    group by partner_id, inspection_id
)

select
    inspections.partner_id,
    inspections.inspection_id,
    inspections.inspected_on,
    inspections.organisation_code,
    inspections.employer_credit_code,
    inspections.inspection_type,
    coalesce(found.hazards_found, 0) as hazards_found,
    coalesce(found.hazards_rectified, 0) as hazards_rectified,
    inspections.batch_id,
    inspections.landed_at
from inspections
left join found
    on
        inspections.partner_id = found.partner_id
        and inspections.inspection_id = found.inspection_id
