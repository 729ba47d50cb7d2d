with coverage as (
    select * from {{ ref('int_feed_coverage') }}
),

outcomes as (
    select * from {{ ref('outcomes') }}
)

select
    coverage.partner_id,
    coverage.partner_name_zh,
    coverage.partner_name_en,
    coverage.domain,
    coverage.feed,
    coverage.feed_name_zh,
    coverage.feed_name_en,
    coverage.data_through,
    coverage.complete_through,
    coverage.last_landed_at,
    coverage.last_outcome,
    outcomes.name_zh as last_outcome_zh,
    coverage.last_message_zh,
    coverage.last_message_en,
    coverage.expected_through,
    coalesce(coverage.complete_through < coverage.expected_through, true) as is_late
from coverage
left join outcomes
    on coverage.last_outcome = outcomes.code
