with components as (
    select * from {{ ref('int_metric_components') }}
),

guards as (
    select * from {{ ref('int_measure_guards') }}
)

-- Whose cells a metric could give away: its own persons', those of a measure it is divided from or moves against.
select distinct
    components.metric_id,
    guards.persons_measure_id
from components
inner join guards
    on components.measure_id = guards.measure_id
