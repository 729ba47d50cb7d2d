-- No set of cells hides exactly one that could have hidden behind another.
{{ config(
    meta={
        'what': '隐去的数字不能由合计倒推',
        'why': '能倒推就等于没有隐去',
        'dimension': '规范性',
    },
) }}

with hidden as (
    select * from {{ ref('int_suppressed_cells') }}
),

weekly as (
    select * from {{ ref('int_measure_weekly') }}
),

lone as (
    select
        cell_set,
        week_start,
        min(cell_code) as cell_code
    from hidden
    group by cell_set, week_start
    having count(*) = 1
),

others as (
    select distinct
        lone.cell_set,
        lone.week_start
    from lone
    inner join weekly
        on
            lone.cell_set = weekly.measure_id || '/' || weekly.scope_set
            and lone.cell_code <> weekly.scope_code
            and lone.week_start = weekly.week_start
    where weekly.amount > 0
)

select * from others
