-- A metric that no record ever feeds would be printed as zero for ever.
{{ config(severity='warn') }}

with components as (
    select * from {{ ref('int_metric_components') }}
),

cells as (
    select distinct measure_id from {{ ref('int_measure_cells') }}
)

select
    components.metric_id,
    components.measure_id
from components
left join cells
    on components.measure_id = cells.measure_id
where cells.measure_id is null
