-- A catalogue row that no model feeds would be printed as zero for ever.
{{ config(severity='warn') }}

with catalogue as (
    select * from {{ ref('rpt_metric_catalogue') }}
),

cells as (
    select distinct metric_id from {{ ref('int_metric_cells') }}
)

select catalogue.metric_id
from catalogue
left join cells
    on catalogue.metric_id = cells.metric_id
where cells.metric_id is null
