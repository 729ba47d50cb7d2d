with reasons as (
    select * from {{ ref('stg_landing__quarantine_reasons') }}
),

orphans as (
    select * from {{ ref('int_orphan_rows') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

days as (
    select * from {{ ref('int_days') }}
),

faults as (
    select
        partner_id,
        feed,
        interval_end,
        column_name,
        rule,
        batch_id || '#' || cast(row_number as {{ dbt.type_string() }}) as row_reference
    from reasons

    union all

    select
        orphans.partner_id,
        orphans.feed,
        batches.interval_end,
        orphans.column_name,
        'orphan_key' as rule,
        orphans.batch_id || '#' || orphans.record_id as row_reference
    from orphans
    inner join batches
        on orphans.batch_id = batches.batch_id
)

select
    faults.partner_id,
    faults.feed,
    days.week_id,
    faults.column_name,
    faults.rule,
    count(*) as number_of_rows
from faults
inner join days
    on {{ add_days('faults.interval_end', -1) }} = days.date_day
group by faults.partner_id, faults.feed, days.week_id, faults.column_name, faults.rule
