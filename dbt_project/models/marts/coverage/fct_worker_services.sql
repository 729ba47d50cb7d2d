with services as (
    select * from {{ ref('int_worker_services') }}
)

select
    feed,
    partner_id,
    record_id,
    worker_key,
    organisation_code,
    served_on,
    project_id,
    batch_id,
    landed_at
from services
