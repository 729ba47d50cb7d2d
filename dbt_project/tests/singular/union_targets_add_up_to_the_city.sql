-- A city total that nobody has set union by union is shared out whole; without members it would go to no one.
{{ config(
    meta={
        'what': '各工会的任务数之和等于全市任务数',
        'why': '分解不足或者超出，序时进度就不对',
        'dimension': '一致性',
    },
) }}

with targets as (
    select * from {{ ref('int_metric_targets') }}
),

cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('organisations') }}
),

union_targets as (
    select targets.*
    from targets
    inner join organisations
        on targets.scope_code = organisations.code
)

select
    targets.metric_id,
    targets.year,
    targets.target,
    sum(union_targets.target) as shared_out
from targets
inner join cities
    on targets.scope_code = cities.code
left join union_targets
    on
        targets.metric_id = union_targets.metric_id
        and targets.year = union_targets.year
where targets.target_kind = 'total'
group by targets.metric_id, targets.year, targets.target
having
    coalesce(max(union_targets.origin), 'split_by_members') = 'split_by_members'
    and coalesce(sum(union_targets.target), 0) <> targets.target
