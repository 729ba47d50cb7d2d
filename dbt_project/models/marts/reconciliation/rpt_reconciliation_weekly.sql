with outcomes as (
    select * from {{ ref('int_reconciliation_outcomes') }}
),

days as (
    select * from {{ ref('int_days') }}
),

kinds as (
    select * from {{ ref('reconciliation_kinds') }}
),

counted as (
    select
        outcomes.kind,
        outcomes.partner_id,
        outcomes.other_partner_id,
        days.week_id,
        cast(sum(outcomes.comparisons) as bigint) as rows_compared,
        cast(
            sum(case when outcomes.outcome = 'agreed' then outcomes.comparisons else 0 end) as bigint
        ) as rows_agreed,
        cast(
            sum(case when outcomes.outcome = 'differing' then outcomes.comparisons else 0 end) as bigint
        ) as rows_differing,
        cast(
            sum(case when outcomes.outcome = 'partner_only' then outcomes.comparisons else 0 end) as bigint
        ) as rows_partner_only,
        cast(
            sum(case when outcomes.outcome = 'other_only' then outcomes.comparisons else 0 end) as bigint
        ) as rows_other_only
    from outcomes
    inner join days
        on outcomes.compared_on = days.date_day
    group by outcomes.kind, outcomes.partner_id, outcomes.other_partner_id, days.week_id
)

select
    counted.kind,
    kinds.name_zh as kind_zh,
    kinds.side_zh,
    kinds.other_side_zh,
    kinds.display_order as kind_order,
    counted.partner_id,
    counted.other_partner_id,
    counted.week_id,
    counted.rows_compared,
    counted.rows_agreed,
    counted.rows_differing,
    counted.rows_partner_only,
    counted.rows_other_only,
    cast(cast(counted.rows_agreed as decimal(28, 10)) / counted.rows_compared as decimal(28, 10)) as agreement_rate
from counted
inner join kinds
    on counted.kind = kinds.kind
