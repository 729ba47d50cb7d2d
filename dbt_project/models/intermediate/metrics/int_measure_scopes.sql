with measures as (
    select * from {{ ref('int_measures') }}
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
),

components as (
    select * from {{ ref('int_metric_components') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

cells as (
    select * from {{ ref('int_measure_cells') }}
),

-- City and unions for every measure; partners and projects where they have a part in it.
taking_part as (
    select
        measures.measure_id,
        scopes.scope_set,
        scopes.scope_code
    from measures
    cross join scopes
    where scopes.scope_set in ('city', 'union')

    union

    select
        measures.measure_id,
        'partner' as scope_set,
        feeds.partner_id as scope_code
    from measures
    inner join feeds
        on measures.feed = feeds.feed

    union

    select
        components.measure_id,
        'project' as scope_set,
        metrics.project_id as scope_code
    from metrics
    inner join components
        on metrics.metric_id = components.metric_id
    where metrics.project_id is not null

    union

    select
        measure_id,
        scope_set,
        scope_code
    from cells
)

select
    taking_part.measure_id,
    taking_part.scope_set,
    scopes.scope_type,
    taking_part.scope_code
from taking_part
inner join scopes
    on
        taking_part.scope_set = scopes.scope_set
        and taking_part.scope_code = scopes.scope_code
