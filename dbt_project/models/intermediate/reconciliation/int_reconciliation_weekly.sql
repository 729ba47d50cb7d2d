with outcomes as (
    select * from {{ ref('int_reconciliation_outcomes') }}
),

days as (
    select * from {{ ref('int_days') }}
)

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
