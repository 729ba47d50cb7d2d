with counted as (
    select * from {{ ref('int_reconciliation_weekly') }}
),

kinds as (
    select * from {{ ref('reconciliation_kinds') }}
),

-- Nobody can tell from a difference which of the two is wrong, so it stands with both.
sides as (
    select
        counted.partner_id,
        coalesce(kinds.feed, '') as feed,
        counted.kind,
        counted.week_id,
        counted.rows_compared,
        counted.rows_agreed
    from counted
    inner join kinds
        on counted.kind = kinds.kind

    union all

    select
        counted.other_partner_id as partner_id,
        coalesce(kinds.other_feed, '') as feed,
        counted.kind,
        counted.week_id,
        counted.rows_compared,
        counted.rows_agreed
    from counted
    inner join kinds
        on counted.kind = kinds.kind
)

select
    partner_id,
    feed,
    kind,
    week_id,
    cast(sum(rows_compared) as bigint) as records_compared,
    cast(sum(rows_compared - rows_agreed) as bigint) as records_differing
from sides
group by partner_id, feed, kind, week_id
