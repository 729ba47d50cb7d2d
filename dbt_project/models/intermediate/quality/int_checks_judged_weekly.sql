with judged as (
    select * from {{ ref('stg_landing__checks_judged') }}
),

batches as (
    select * from {{ ref('int_expected_batches') }}
),

characteristics as (
    select * from {{ ref('quality_characteristics') }}
)

select
    batches.partner_id,
    batches.feed,
    batches.week_id,
    characteristics.characteristic_code,
    cast(sum(judged.checks_judged) as bigint) as checks_judged
from judged
inner join batches
    on
        judged.partner_id = batches.partner_id
        and judged.feed = batches.feed
        and judged.interval_start = batches.interval_start
        and judged.interval_end = batches.interval_end
inner join characteristics
    on judged.dimension_zh = characteristics.characteristic_zh
where batches.outcome <> 'missing'
group by batches.partner_id, batches.feed, batches.week_id, characteristics.characteristic_code
