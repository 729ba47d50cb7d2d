with ranks as (
    select * from {{ ref('int_metric_ranks') }}
),

weekly as (
    select * from {{ ref('int_metric_published') }}
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
    where fault is not null
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
)

select
    metrics.fault,
    ranks.metric_id,
    ranks.scope_type,
    ranks.scope_code,
    scopes.scope_name_zh,
    scopes.scope_name_en,
    scopes.scope_short_name_zh,
    scopes.scope_short_name_en,
    ranks.week_id,
    ranks.rank_from_last,
    weekly.cumulative_value,
    weekly.cumulative_numerator,
    weekly.cumulative_denominator
from ranks
inner join metrics
    on ranks.metric_id = metrics.metric_id
inner join weekly
    on
        ranks.metric_id = weekly.metric_id
        and ranks.scope_type = weekly.scope_type
        and ranks.scope_code = weekly.scope_code
        and ranks.week_id = weekly.week_id
inner join scopes
    on
        ranks.scope_type = scopes.scope_type
        and ranks.scope_code = scopes.scope_code
where
    ranks.rank_from_last <= 3
    and ranks.rank > 1
