with counted as (
    select * from {{ ref('int_reconciliation_weekly') }}
),

kinds as (
    select * from {{ ref('reconciliation_kinds') }}
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
