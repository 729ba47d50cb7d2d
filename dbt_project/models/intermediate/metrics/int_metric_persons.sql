with components as (
    select * from {{ ref('int_metric_components') }}
),

measures as (
    select distinct
        measure_id,
        persons_measure_id
    from {{ ref('int_measures') }}
)

-- Whose cells a metric could give away: its own persons', or those of a measure it is divided from.
select distinct
    components.metric_id,
    measures.persons_measure_id
from components
inner join measures
    on components.measure_id = measures.measure_id
where measures.persons_measure_id is not null
