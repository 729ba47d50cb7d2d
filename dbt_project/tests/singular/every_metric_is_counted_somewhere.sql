-- A metric that no record ever feeds would be printed as zero for ever.
{{ config(
    severity='warn',
    meta={
        'what': '每个指标都有记录计入',
        'why': '从无记录计入的指标会一直印成零',
        'dimension': '完整性',
    },
) }}

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
