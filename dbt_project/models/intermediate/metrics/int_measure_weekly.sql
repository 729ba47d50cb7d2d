with scopes as (
    select * from {{ ref('int_measure_scopes') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

cells as (
    select * from {{ ref('int_measure_cells') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

-- What a stock held before the first week reported.
opening as (
    select
        cells.measure_id,
        cells.scope_set,
        cells.scope_code,
        sum(cells.amount) as amount
    from cells
    cross join period
    where cells.week_start < period.first_week_start
    group by cells.measure_id, cells.scope_set, cells.scope_code
),

-- A level is not known before the first movement anybody told of.
first_movements as (
    select
        measure_id,
        min(week_start) as week_start
    from cells
    group by measure_id
),

filled as (
    select
        scopes.measure_id,
        scopes.scope_set,
        scopes.scope_type,
        scopes.scope_code,
        weeks.week_id,
        weeks.week_start,
        weeks.week_end,
        weeks.iso_year,
        weeks.iso_week,
        coalesce(cells.amount, 0) as amount,
        coalesce(cells.amount_added, 0) as amount_added,
        coalesce(opening.amount, 0) as opening_amount,
        coalesce(weeks.week_start >= first_movements.week_start, false) as is_level_known
    from scopes
    cross join weeks
    left join first_movements
        on scopes.measure_id = first_movements.measure_id
    left join cells
        on
            scopes.measure_id = cells.measure_id
            and scopes.scope_set = cells.scope_set
            and scopes.scope_code = cells.scope_code
            and weeks.week_start = cells.week_start
    left join opening
        on
            scopes.measure_id = opening.measure_id
            and scopes.scope_set = opening.scope_set
            and scopes.scope_code = opening.scope_code
)

select
    measure_id,
    scope_set,
    scope_type,
    scope_code,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    cast(amount as decimal(28, 4)) as amount,
    cast(
        sum(amount_added) over (
            partition by measure_id, scope_set, scope_code, iso_year
            order by week_start
            rows between unbounded preceding and current row
        ) as decimal(28, 4)
    ) as year_to_date,
    case
        when is_level_known
            then cast(
                    opening_amount + sum(amount) over (
                        partition by measure_id, scope_set, scope_code
                        order by week_start
                        rows between unbounded preceding and current row
                    ) as decimal(28, 4)
                )
    end as level_at_end
from filled
