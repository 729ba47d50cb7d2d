with feed_quality as (
    select * from {{ ref('int_feed_quality_weekly') }}
),

batches as (
    select * from {{ ref('int_expected_batches') }}
),

comparisons as (
    select * from {{ ref('int_quality_comparisons') }}
),

checks as (
    select * from {{ ref('int_checks_judged_weekly') }}
),

characteristics as (
    select * from {{ ref('quality_characteristics') }}
),

deductions as (
    select * from {{ ref('quality_deductions') }}
),

-- Rows are judged by every characteristic, a check by its own, batches and records by what the deductions say.
counted as (
    select
        partner_id,
        feed,
        week_id,
        'rows_received' as basis,
        cast(null as {{ dbt.type_string() }}) as characteristic_code,
        rows_received as base
    from feed_quality

    union all

    select
        partner_id,
        feed,
        week_id,
        'batches_expected' as basis,
        cast(null as {{ dbt.type_string() }}) as characteristic_code,
        count(*) as base
    from batches
    group by partner_id, feed, week_id

    union all

    select
        partner_id,
        feed,
        week_id,
        'records_compared' as basis,
        cast(null as {{ dbt.type_string() }}) as characteristic_code,
        cast(sum(records_compared) as bigint) as base
    from comparisons
    group by partner_id, feed, week_id

    union all

    select
        partner_id,
        feed,
        week_id,
        'checks_judged' as basis,
        characteristic_code,
        checks_judged as base
    from checks
)

select distinct
    counted.partner_id,
    counted.feed,
    counted.week_id,
    counted.basis,
    characteristics.characteristic_code,
    counted.base
from counted
inner join deductions
    on counted.basis = deductions.basis
inner join characteristics
    on
        coalesce(counted.characteristic_code, deductions.characteristic_code, characteristics.characteristic_code)
        = characteristics.characteristic_code
