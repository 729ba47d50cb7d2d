with batches as (
    select * from {{ ref('int_expected_batches') }}
),

checks as (
    select * from {{ ref('stg_landing__checks_failed') }}
),

named as (
    select distinct
        partner_id,
        feed,
        interval_start,
        interval_end
    from checks
),

faulty as (
    select
        batches.*,
        batches.outcome not in ('rejected', 'missing') as is_here,
        batches.outcome = 'rejected' and named.partner_id is not null as is_refused_by_checks
    from batches
    left join named
        on
            batches.partner_id = named.partner_id
            and batches.feed = named.feed
            and batches.interval_start = named.interval_start
            and batches.interval_end = named.interval_end
    where batches.outcome in ('rejected', 'missing') or batches.came_late
)

-- A batch that is not here costs twice: for what is not in the warehouse, and for the time that it takes. Where a check
-- says why it was refused, the check costs (int_check_faults), not the refusal once more.
select
    partner_id,
    feed,
    interval_start,
    interval_end,
    week_id,
    case when outcome = 'rejected' then 'batch_rejected' else 'batch_missing' end as deduction,
    outcome as cause
from faulty
where not is_here and not is_refused_by_checks

union all

select
    partner_id,
    feed,
    interval_start,
    interval_end,
    week_id,
    case when is_here then 'batch_late' else 'batch_not_in' end as deduction,
    outcome as cause
from faulty
