with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

outcomes as (
    select * from {{ ref('stg_landing__outcomes') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

preceded as (
    select
        *,
        max(interval_end) over (
            partition by partner_id, feed
            order by interval_start, interval_end
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from batches
),

delivered as (
    select
        partner_id,
        feed,
        {{ add_days('max(interval_end)', -1) }} as data_through,
        max(landed_at) as last_landed_at,
        -- Without a gap this stays empty and the data are complete through the last day covered.
        min(case when interval_start > covered_until then covered_until end) as first_gap_starts_on
    from preceded
    group by partner_id, feed
),

last_outcomes as (
    select
        *,
        row_number() over (
            partition by partner_id, feed
            order by interval_end desc, recorded_at desc
        ) as outcome_rank
    from outcomes
)

select
    feeds.partner_id,
    feeds.partner_name_zh,
    feeds.partner_name_en,
    feeds.domain,
    feeds.feed,
    feeds.feed_name_zh,
    feeds.feed_name_en,
    delivered.data_through,
    case
        -- A snapshot makes up for the nights missed before it.
        when feeds.feed in ('{{ var("snapshot_feeds") | join("', '") }}') then delivered.data_through
        when delivered.first_gap_starts_on is null then delivered.data_through
        else {{ add_days('delivered.first_gap_starts_on', -1) }}
    end as complete_through,
    delivered.last_landed_at,
    last_outcomes.outcome as last_outcome,
    last_outcomes.message_zh as last_message_zh,
    last_outcomes.message_en as last_message_en,
    period.last_day as expected_through
from feeds
cross join period
left join delivered
    on
        feeds.partner_id = delivered.partner_id
        and feeds.feed = delivered.feed
left join last_outcomes
    on
        feeds.partner_id = last_outcomes.partner_id
        and feeds.feed = last_outcomes.feed
        and last_outcomes.outcome_rank = 1
