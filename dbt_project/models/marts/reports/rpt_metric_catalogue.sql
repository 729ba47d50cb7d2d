with metrics as (
    select * from {{ ref('int_metric_catalogue') }}
),

metric_persons as (
    select distinct metric_id from {{ ref('int_metric_persons') }}
),

projects as (
    select * from {{ ref('projects') }}
),

domains as (
    select * from {{ ref('domains') }}
),

targets as (
    select distinct metric_id from {{ ref('targets') }}
)

select
    metrics.metric_id,
    metrics.name_zh,
    metrics.name_en,
    metrics.definition_zh,
    metrics.definition_en,
    metrics.unit_zh,
    metrics.unit_en,
    metrics.unit_one_en,
    projects.domain,
    domains.name_zh as domain_name_zh,
    domains.name_en as domain_name_en,
    metrics.project_id,
    projects.name_zh as project_zh,
    projects.name_en as project_en,
    metrics.kind,
    metrics.numerator_metric_id,
    metrics.denominator_metric_id,
    metrics.decimals,
    metrics.direction,
    metrics.fault,
    metrics.kind in ('count', 'stock') as is_additive,
    metric_persons.metric_id is not null as counts_people,
    targets.metric_id is not null as has_target,
    projects.owner_zh,
    projects.owner_en,
    projects.source_clause_zh,
    metrics.is_headline,
    metrics.display_order
from metrics
left join projects
    on metrics.project_id = projects.project_id
left join domains
    on projects.domain = domains.code
left join metric_persons
    on metrics.metric_id = metric_persons.metric_id
left join targets
    on metrics.metric_id = targets.metric_id
where metrics.is_published
