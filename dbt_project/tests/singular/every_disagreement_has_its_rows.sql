-- What the weekly mart counts as not agreed stands in the mart of differences, one comparison at least once.
{{ config(
    meta={
        'what': '计为不一致的核对都列得出逐条明细',
        'why': '列不出明细的差异无法核实',
        'dimension': '一致性',
    },
) }}

with weekly as (
    select
        kind,
        partner_id,
        other_partner_id,
        week_id,
        sum(rows_compared) - sum(rows_agreed) as disagreements
    from {{ ref('rpt_reconciliation_weekly') }}
    group by kind, partner_id, other_partner_id, week_id
),

kept as (
    select
        kind,
        partner_id,
        other_partner_id,
        week_id,
        count(distinct comparison_id) as comparisons
    from {{ ref('fct_reconciliation_differences') }}
    group by kind, partner_id, other_partner_id, week_id
)

select
    weekly.kind,
    weekly.partner_id,
    weekly.other_partner_id,
    weekly.week_id,
    weekly.disagreements,
    kept.comparisons
from weekly
left join kept
    on
        weekly.kind = kept.kind
        and weekly.partner_id = kept.partner_id
        and weekly.other_partner_id = kept.other_partner_id
        and weekly.week_id = kept.week_id
where weekly.disagreements <> coalesce(kept.comparisons, 0)
