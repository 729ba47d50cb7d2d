with metrics as (
    select * from {{ ref('int_metric_catalogue') }}
),

components as (
    select * from {{ ref('int_metric_components') }}
),

weekly as (
    select * from {{ ref('int_measure_weekly') }}
),

-- A stock stands at its level, whatever the span; everything else is what was added in it.
parts as (
    select
        components.metric_id,
        components.part,
        components.kind as part_kind,
        weekly.scope_set,
        weekly.scope_type,
        weekly.scope_code,
        weekly.week_id,
        weekly.week_start,
        weekly.week_end,
        weekly.iso_year,
        weekly.iso_week,
        case when components.kind = 'stock' then weekly.level_at_end else weekly.amount end as in_week,
        case when components.kind = 'stock' then weekly.level_at_end else weekly.year_to_date end as in_year
    from components
    inner join weekly
        on components.measure_id = weekly.measure_id
),

joined as (
    select
        metric_id,
        scope_set,
        scope_type,
        scope_code,
        week_id,
        week_start,
        week_end,
        iso_year,
        iso_week,
        max(case when part <> 'denominator' then in_week end) as numerator,
        max(case when part <> 'denominator' then in_year end) as cumulative_numerator,
        max(case when part = 'denominator' then in_week end) as denominator,
        max(case when part = 'denominator' then in_year end) as cumulative_denominator,
        max(case when part <> 'denominator' then part_kind end) as numerator_kind,
        max(case when part = 'denominator' then part_kind end) as denominator_kind
    from parts
    group by
        metric_id, scope_set, scope_type, scope_code, week_id, week_start, week_end, iso_year, iso_week
),

-- Where a scope has no part in what was counted it counts nothing; a stock that nobody told of is not known.
completed as (
    select
        joined.*,
        metrics.kind,
        metrics.kind in ('rate', 'average') as is_ratio,
        case when joined.numerator_kind = 'stock' then joined.numerator else coalesce(joined.numerator, 0) end
            as known_numerator,
        case
            when joined.numerator_kind = 'stock' then joined.cumulative_numerator
            else coalesce(joined.cumulative_numerator, 0)
        end as known_cumulative_numerator,
        case when joined.denominator_kind = 'stock' then joined.denominator else coalesce(joined.denominator, 0) end
            as known_denominator,
        case
            when joined.denominator_kind = 'stock' then joined.cumulative_denominator
            else coalesce(joined.cumulative_denominator, 0)
        end as known_cumulative_denominator
    from joined
    inner join metrics
        on joined.metric_id = metrics.metric_id
)

select
    metric_id,
    kind,
    scope_set,
    scope_type,
    scope_code,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    cast(known_numerator as decimal(28, 10)) as numerator,
    cast(case when is_ratio then known_denominator end as decimal(28, 10)) as denominator,
    cast(known_cumulative_numerator as decimal(28, 10)) as cumulative_numerator,
    cast(case when is_ratio then known_cumulative_denominator end as decimal(28, 10)) as cumulative_denominator,
    cast(
        case
            when is_ratio then known_numerator / nullif(known_denominator, 0)
            else known_numerator
        end as decimal(28, 10)
    ) as value,
    cast(
        case
            when is_ratio then known_cumulative_numerator / nullif(known_cumulative_denominator, 0)
            else known_cumulative_numerator
        end as decimal(28, 10)
    ) as cumulative_value
from completed
