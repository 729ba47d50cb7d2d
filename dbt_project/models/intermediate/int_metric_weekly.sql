with metrics as (
    select * from {{ ref('metrics') }}
),

scopes as (
    select * from {{ ref('int_metric_scopes') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

cells as (
    select * from {{ ref('int_metric_cells') }}
),

filled as (
    select
        metrics.metric_id,
        metrics.kind,
        metrics.counts_people,
        metrics.suppressed_with,
        scopes.scope_type,
        scopes.scope_code,
        weeks.week_id,
        weeks.week_start,
        weeks.week_end,
        weeks.iso_year,
        weeks.iso_week,
        case
            when metrics.kind = 'count' and not metrics.is_additive
                then cast(coalesce(cells.persons, 0) as decimal(28, 10))
            else coalesce(cells.numerator, 0)
        end as numerator,
        case
            when metrics.kind = 'count' and not metrics.is_additive
                then cast(coalesce(cells.new_persons, 0) as decimal(28, 10))
            else coalesce(cells.numerator, 0)
        end as added_numerator,
        case when metrics.kind = 'rate' then coalesce(cells.denominator, 0) end as denominator,
        coalesce(cells.persons, 0) as persons,
        coalesce(cells.new_persons, 0) as new_persons
    from metrics
    cross join scopes
    cross join weeks
    left join cells
        on
            metrics.metric_id = cells.metric_id
            and scopes.scope_type = cells.scope_type
            and scopes.scope_code = cells.scope_code
            and weeks.week_start = cells.week_start
),

accumulated as (
    select
        *,
        sum(added_numerator) over year_to_date as cumulative_numerator,
        sum(denominator) over year_to_date as cumulative_denominator,
        sum(new_persons) over year_to_date as cumulative_persons
    from filled
    window year_to_date as (
        partition by metric_id, scope_type, scope_code, iso_year
        order by week_start
        rows between unbounded preceding and current row
    )
)

select
    metric_id,
    kind,
    counts_people,
    suppressed_with,
    scope_type,
    scope_code,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    cast(numerator as decimal(28, 10)) as numerator,
    cast(denominator as decimal(28, 10)) as denominator,
    cast(cumulative_numerator as decimal(28, 10)) as cumulative_numerator,
    cast(cumulative_denominator as decimal(28, 10)) as cumulative_denominator,
    cast(
        case
            when kind = 'rate' then numerator / nullif(denominator, 0)
            else numerator
        end as decimal(28, 10)
    ) as value,
    cast(
        case
            when kind = 'rate' then cumulative_numerator / nullif(cumulative_denominator, 0)
            else cumulative_numerator
        end as decimal(28, 10)
    ) as cumulative_value,
    cast(persons as bigint) as persons,
    cast(cumulative_persons as bigint) as cumulative_persons
from accumulated
