with reasons as (
    select * from {{ ref('int_quality_reasons_weekly') }}
),

rules as (
    select * from {{ ref('rules') }}
),

characteristics as (
    select * from {{ ref('quality_characteristics') }}
),

deductions as (
    select * from {{ ref('quality_deductions') }}
),

batches as (
    select * from {{ ref('int_batch_faults') }}
),

comparisons as (
    select * from {{ ref('int_quality_comparisons') }}
),

checks as (
    select * from {{ ref('int_check_faults') }}
),

row_faults as (
    select
        reasons.partner_id,
        reasons.feed,
        reasons.week_id,
        characteristics.characteristic_code,
        deductions.deduction,
        deductions.basis,
        deductions.factor,
        reasons.rule as cause,
        reasons.column_name,
        reasons.number_of_rows as quantity
    from reasons
    inner join rules
        on reasons.rule = rules.rule
    inner join characteristics
        on rules.dimension_zh = characteristics.characteristic_zh
    inner join deductions
        on deductions.deduction = 'row_fault'
),

batch_faults as (
    select
        batches.partner_id,
        batches.feed,
        batches.week_id,
        deductions.characteristic_code,
        batches.deduction,
        deductions.basis,
        deductions.factor,
        batches.cause,
        '' as column_name,
        count(*) as quantity
    from batches
    inner join deductions
        on batches.deduction = deductions.deduction
    group by
        batches.partner_id,
        batches.feed,
        batches.week_id,
        deductions.characteristic_code,
        batches.deduction,
        deductions.basis,
        deductions.factor,
        batches.cause
),

check_faults as (
    select
        checks.partner_id,
        checks.feed,
        checks.week_id,
        characteristics.characteristic_code,
        deductions.deduction,
        deductions.basis,
        deductions.factor,
        checks.check_id as cause,
        '' as column_name,
        count(*) as quantity
    from checks
    inner join characteristics
        on checks.dimension_zh = characteristics.characteristic_zh
    inner join deductions
        on checks.deduction = deductions.deduction
    group by
        checks.partner_id,
        checks.feed,
        checks.week_id,
        characteristics.characteristic_code,
        deductions.deduction,
        deductions.basis,
        deductions.factor,
        checks.check_id
),

differences as (
    select
        comparisons.partner_id,
        comparisons.feed,
        comparisons.week_id,
        deductions.characteristic_code,
        deductions.deduction,
        deductions.basis,
        deductions.factor,
        comparisons.kind as cause,
        '' as column_name,
        comparisons.records_differing as quantity
    from comparisons
    inner join deductions
        on deductions.deduction = 'cross_source'
    where comparisons.records_differing > 0
)

select * from row_faults
union all
select * from check_faults
union all
select * from batch_faults
union all
select * from differences
