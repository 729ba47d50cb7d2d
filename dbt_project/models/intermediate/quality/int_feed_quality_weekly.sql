with batches as (
    select * from {{ ref('stg_landing__batches') }}
),

orphans as (
    select * from {{ ref('int_orphan_rows') }}
),

days as (
    select * from {{ ref('int_days') }}
),

held as (
    select
        batch_id,
        count(*) as rows_held_orphan
    from orphans
    group by batch_id
)

select
    batches.partner_id,
    batches.feed,
    days.week_id,
    cast(sum(batches.rows_received) as bigint) as rows_received,
    cast(sum(batches.rows_accepted) as bigint) as rows_accepted,
    cast(sum(batches.rows_quarantined) as bigint) as rows_quarantined,
    cast(sum(coalesce(held.rows_held_orphan, 0)) as bigint) as rows_held_orphan
from batches
inner join days
    on {{ add_days('batches.interval_end', -1) }} = days.date_day
left join held
    on batches.batch_id = held.batch_id
group by batches.partner_id, batches.feed, days.week_id
