with ratings as (
    select * from {{ ref('stg_mini_program__service_ratings') }}
)

select
    hospital_partner_id as partner_id,
    rating_id,
    partner_id as collected_by_partner_id,
    voucher_id,
    organisation_code,
    rated_on,
    score,
    is_complaint,
    batch_id,
    landed_at
from ratings
