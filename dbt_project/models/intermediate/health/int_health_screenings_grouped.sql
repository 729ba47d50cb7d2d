with screenings as (
    select * from {{ ref('stg_hospital__health_screenings') }}
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
    -- By sex, not by group: a woman in hardship is registered as in hardship.
    screening_type in ('gynaecological', 'breast', 'cervical') and sex = 'female' as is_womens_screening,
    screening_type = 'occupational_disease' and special_group = 'migrant' as is_migrant_screening,
    batch_id,
    landed_at
from screenings
