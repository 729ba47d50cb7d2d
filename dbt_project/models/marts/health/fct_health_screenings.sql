with screenings as (
    select * from {{ ref('int_health_screenings_grouped') }}
)

select
    partner_id,
    screening_id,
    worker_key,
    age_band,
    sex,
    special_group,
    screening_type,
    screened_on,
    organisation_code,
    employer_credit_code,
    is_womens_screening,
    is_migrant_screening,
    {{ text('group_screening') }} as project_id,
    batch_id,
    landed_at
from screenings
