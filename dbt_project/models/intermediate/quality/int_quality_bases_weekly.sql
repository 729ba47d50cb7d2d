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
    select * from {{ ref('stg_landing__checks_judged') }}
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
        cast(null as {{ dbt.type_string() }}) as dimension_zh,
        rows_received as base
    from feed_quality

    union all

    select
        partner_id,
        feed,
        week_id,
        'batches_expected' as basis,
        cast(null as {{ dbt.type_string() }}) as dimension_zh,
        count(*) as base
    from batches
    group by partner_id, feed, week_id

    union all

    select
        partner_id,
        feed,
        week_id,
        'records_compared' as basis,
        cast(null as {{ dbt.type_string() }}) as dimension_zh,
        cast(sum(records_compared) as bigint) as base
    from comparisons
    group by partner_id, feed, week_id

    union all

    -- Of a batch that did not come nothing was checked; it is missed as a batch.
    select
        batches.partner_id,
        batches.feed,
        batches.week_id,
        'checks_judged' as basis,
        checks.dimension_zh,
        cast(sum(checks.checks_judged) as bigint) as base
    from checks
    inner join batches
        on
            checks.partner_id = batches.partner_id
            and checks.feed = batches.feed
            and checks.interval_start = batches.interval_start
            and checks.interval_end = batches.interval_end
    where batches.outcome <> 'missing'
    group by batches.partner_id, batches.feed, batches.week_id, checks.dimension_zh
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
        coalesce(counted.dimension_zh, characteristics.characteristic_zh) = characteristics.characteristic_zh
        and coalesce(deductions.characteristic_code, characteristics.characteristic_code)
        = characteristics.characteristic_code
