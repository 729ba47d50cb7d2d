with metrics as (
    select * from {{ ref('metrics') }}
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
    metrics.domain,
    domains.name_zh as domain_name_zh,
    metrics.project_zh,
    metrics.kind,
    metrics.decimals,
    metrics.direction,
    metrics.is_additive,
    metrics.counts_people,
    targets.metric_id is not null as has_target,
    metrics.owner_zh,
    metrics.source_clause_zh,
    metrics.display_order
from metrics
left join domains
    on metrics.domain = domains.code
left join targets
    on metrics.metric_id = targets.metric_id
