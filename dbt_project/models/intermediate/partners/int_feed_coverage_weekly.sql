with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

outcomes as (
    select * from {{ ref('stg_landing__outcomes') }}
),

days as (
    select * from {{ ref('int_days') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

asked_for as (
    select
        partner_id,
        feed,
        interval_start
    from batches
    union all
    select
        partner_id,
        feed,
        interval_start
    from outcomes
),

-- Before the first night on which anyone asked for it, a feed is not missing: it did not exist.
started as (
    select
        feeds.partner_id,
        feeds.feed,
        min(asked_for.interval_start) as first_day
    from feeds
    inner join asked_for
        on
            feeds.partner_id = asked_for.partner_id
            and feeds.feed = asked_for.feed
    group by feeds.partner_id, feeds.feed
),

-- A snapshot makes up for the nights missed before it.
covering as (
    select
        partner_id,
        feed,
        min(interval_start) as covers_from,
        max(interval_end) as covers_until
    from batches
    where feed in ('{{ var("snapshot_feeds") | join("', '") }}')
    group by partner_id, feed
    union all
    select
        partner_id,
        feed,
        interval_start as covers_from,
        interval_end as covers_until
    from batches
    where feed not in ('{{ var("snapshot_feeds") | join("', '") }}')
),

landed_days as (
    select distinct
        covering.partner_id,
        covering.feed,
        days.date_day
    from covering
    inner join days
        on
            covering.covers_from <= days.date_day
            and covering.covers_until > days.date_day
),

expected as (
    select
        started.partner_id,
        started.feed,
        started.first_day,
        days.date_day,
        days.week_id,
        days.week_start,
        days.week_end,
        period.last_day,
        landed_days.date_day is not null as has_landed
    from started
    cross join period
    inner join days
        on
            started.first_day <= days.date_day
            and period.last_day >= days.date_day
    left join landed_days
        on
            started.partner_id = landed_days.partner_id
            and started.feed = landed_days.feed
            and days.date_day = landed_days.date_day
),

weekly as (
    select
        partner_id,
        feed,
        week_id,
        week_start,
        least(week_end, last_day) as through_day,
        count(*) as expected_days,
        sum(case when has_landed then 1 else 0 end) as landed_days,
        min(case when not has_landed then date_day end) as first_missing_day
    from expected
    group by partner_id, feed, week_id, week_start, week_end, last_day
),

so_far as (
    select
        partner_id,
        feed,
        week_id,
        through_day,
        expected_days,
        landed_days,
        sum(landed_days) over (partition by partner_id, feed) as landed_days_ever,
        min(first_missing_day) over (
            partition by partner_id, feed
            order by week_start
            rows between unbounded preceding and current row
        ) as first_missing_day
    from weekly
)

select
    partner_id,
    feed,
    week_id,
    cast(expected_days as integer) as expected_days,
    cast(landed_days as integer) as landed_days,
    case
        when landed_days_ever = 0 then null
        when first_missing_day is null then through_day
        else {{ add_days('first_missing_day', -1) }}
    end as complete_through
from so_far
