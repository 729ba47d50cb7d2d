with components as (
    select * from {{ ref('int_metric_components') }}
),

measures as (
    select * from {{ ref('int_measures') }}
)

select distinct
    components.metric_id,
    measures.feed
from components
inner join measures
    on components.measure_id = measures.measure_id
