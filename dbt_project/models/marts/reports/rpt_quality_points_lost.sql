with points_lost as (
    select * from {{ ref('int_quality_points_lost') }}
),

scores as (
    select * from {{ ref('int_quality_scores') }}
),

characteristics as (
    select * from {{ ref('quality_characteristics') }}
),

deductions as (
    select * from {{ ref('quality_deductions') }}
),

rules as (
    select * from {{ ref('rules') }}
),

kinds as (
    select * from {{ ref('reconciliation_kinds') }}
),

outcomes as (
    select * from {{ ref('outcomes') }}
),

checks as (
    select * from {{ ref('int_check_names') }}
),

weights as (
    select
        scope_type,
        partner_id,
        feed,
        week_id,
        sum(weight) as weight
    from scores
    group by scope_type, partner_id, feed, week_id
)

select
    points_lost.scope_type,
    points_lost.partner_id,
    points_lost.feed,
    points_lost.week_id,
    points_lost.characteristic_code,
    characteristics.characteristic_zh,
    characteristics.characteristic_en,
    points_lost.deduction,
    deductions.deduction_zh,
    deductions.deduction_en,
    points_lost.cause,
    coalesce(rules.rule_zh, kinds.name_zh, outcomes.name_zh, checks.what_zh) as cause_zh,
    coalesce(rules.rule_en, kinds.name_en, outcomes.name_en) as cause_en,
    points_lost.column_name,
    points_lost.quantity,
    points_lost.base,
    deductions.basis_zh,
    cast(points_lost.points_lost as decimal(9, 4)) as points_lost,
    cast(points_lost.points_lost * characteristics.weight / weights.weight as decimal(9, 4)) as overall_points_lost
from points_lost
inner join characteristics
    on points_lost.characteristic_code = characteristics.characteristic_code
inner join deductions
    on points_lost.deduction = deductions.deduction
inner join weights
    on
        points_lost.scope_type = weights.scope_type
        and points_lost.partner_id = weights.partner_id
        and points_lost.feed = weights.feed
        and points_lost.week_id = weights.week_id
left join rules
    on
        points_lost.deduction = 'row_fault'
        and points_lost.cause = rules.rule
left join kinds
    on
        points_lost.deduction = 'cross_source'
        and points_lost.cause = kinds.kind
left join outcomes
    on
        points_lost.deduction in ('batch_rejected', 'batch_missing', 'batch_late', 'batch_not_in')
        and points_lost.cause = outcomes.code
left join checks
    on
        points_lost.deduction in ('check_critical', 'check_warning')
        and points_lost.cause = checks.check_id
