with ratings as (
    select * from {{ ref('int_service_ratings_by_hospital') }}
)

select
    partner_id,
    rating_id,
    collected_by_partner_id,
    voucher_id,
    organisation_code,
    rated_on,
    score,
    is_complaint,
    {{ text('health_campaign') }} as project_id,
    batch_id,
    landed_at
from ratings
