with metrics as (
    select * from {{ ref('int_metric_catalogue') }}
)

-- A ratio is two other metrics, each of them one measure; every other metric is one measure itself.
select
    metrics.metric_id,
    'value' as part,
    metrics.kind,
    metrics.measure_id
from metrics
where metrics.measure_id is not null

union all

select
    metrics.metric_id,
    'numerator' as part,
    numerators.kind,
    numerators.measure_id
from metrics
inner join metrics as numerators
    on metrics.numerator_metric_id = numerators.metric_id

union all

select
    metrics.metric_id,
    'denominator' as part,
    denominators.kind,
    denominators.measure_id
from metrics
inner join metrics as denominators
    on metrics.denominator_metric_id = denominators.metric_id
