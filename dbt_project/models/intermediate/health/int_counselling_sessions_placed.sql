with sessions as (
    select * from {{ ref('stg_counselling_hotline__counselling_sessions') }}
)

select
    partner_id,
    session_id,
    started_at,
    cast(started_at as date) as started_on,
    channel,
    topic,
    duration_minutes,
    coalesce(organisation_code, 'UNKNOWN') as organisation_code,
    satisfaction_score,
    batch_id,
    landed_at
from sessions
