with differences as (
    select * from {{ ref('fct_reconciliation_differences') }}
),

names as (
    select * from {{ ref('reconciliation_differences') }}
)

select
    differences.kind,
    differences.difference,
    names.name_zh as difference_zh,
    names.display_order as difference_order,
    differences.partner_id,
    differences.other_partner_id,
    differences.week_id,
    count(*) as differences
from differences
inner join names
    on
        differences.kind = names.kind
        and differences.difference = names.difference
group by
    differences.kind,
    differences.difference,
    names.name_zh,
    names.display_order,
    differences.partner_id,
    differences.other_partner_id,
    differences.week_id
