with leagues as (
    select * from {{ ref('int_metric_leagues') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

-- Only what is published is ranked.
ranked as (
    select
        league_id,
        scope_type,
        scope_code,
        metric_id,
        week_id,
        progress,
        rank() over (partition by league_id, week_id order by progress) as rank_from_last,
        rank() over (partition by league_id, week_id order by progress desc) as rank_from_first
    from leagues
    where progress is not null
)

select
    ranked.league_id,
    ranked.scope_type,
    ranked.scope_code,
    scopes.scope_name_zh,
    scopes.scope_name_en,
    scopes.scope_short_name_zh,
    scopes.scope_short_name_en,
    ranked.metric_id,
    ranked.week_id,
    cast(ranked.rank_from_last as integer) as rank_from_last,
    ranked.progress
from ranked
inner join scopes
    on
        ranked.scope_type = scopes.scope_type
        and ranked.scope_code = scopes.scope_code
where
    ranked.rank_from_last <= 3
    and ranked.rank_from_first > 1
