with batches as (
    select * from {{ ref('int_expected_batches') }}
),

check_faults as (
    select * from {{ ref('int_check_faults') }}
),

refused_by_checks as (
    select distinct
        partner_id,
        feed,
        interval_start,
        interval_end
    from check_faults
    where deduction = 'check_critical'
),

faulty as (
    select
        batches.*,
        batches.outcome not in ('rejected', 'missing') as is_here,
        refused_by_checks.partner_id is not null as has_named_check
    from batches
    left join refused_by_checks
        on
            batches.partner_id = refused_by_checks.partner_id
            and batches.feed = refused_by_checks.feed
            and batches.interval_start = refused_by_checks.interval_start
            and batches.interval_end = refused_by_checks.interval_end
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
where not is_here and not has_named_check

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
