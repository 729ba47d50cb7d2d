with batches as (
    select * from {{ ref('int_expected_batches') }}
),

faulty as (
    select
        *,
        outcome not in ('rejected', 'missing') as is_here
    from batches
    where outcome in ('rejected', 'missing') or came_late
)

-- A batch that is not here costs twice: for what is not in the warehouse, and for the time that it takes.
select
    partner_id,
    feed,
    interval_start,
    interval_end,
    week_id,
    case when outcome = 'rejected' then 'batch_rejected' else 'batch_missing' end as deduction,
    outcome as cause
from faulty
where not is_here

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
