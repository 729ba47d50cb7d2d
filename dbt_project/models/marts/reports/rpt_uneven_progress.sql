with leagues as (
    select * from {{ ref('int_metric_leagues') }}
),

-- Squares and sums of exact decimals, so that the order of the rows leaves no trace. Hidden cells are in none of them.
shown as (
    select
        league_id,
        scope_type,
        case when scope_type <> 'project' then metric_id end as metric_id,
        week_id,
        week_start,
        iso_year,
        progress,
        cast(progress as decimal(19, 6)) as rounded_progress
    from leagues
),

summed as (
    select
        league_id,
        scope_type,
        metric_id,
        week_id,
        week_start,
        iso_year,
        count(*) as units,
        count(progress) as units_shown,
        min(progress) as lowest,
        max(progress) as highest,
        sum(rounded_progress) as total,
        sum(rounded_progress * rounded_progress) as total_of_squares
    from shown
    group by league_id, scope_type, metric_id, week_id, week_start, iso_year
),

-- Standard deviation of the units over their mean; of fewer than two there is none.
dispersed as (
    select
        *,
        case
            when units_shown >= 2 and total > 0
                then
                    cast(
                        sqrt(cast(units_shown * total_of_squares - total * total as double))
                        / cast(total as double) as decimal(28, 4)
                    )
        end as coefficient_of_variation,
        case when units_shown >= 2 then highest - lowest end as progress_range
    from summed
)

select
    dispersed.league_id,
    dispersed.scope_type,
    dispersed.metric_id,
    dispersed.week_id,
    dispersed.week_start,
    cast(dispersed.units as integer) as units,
    cast(dispersed.units_shown as integer) as units_shown,
    case when dispersed.units_shown >= 2 then dispersed.lowest end as lowest,
    case when dispersed.units_shown >= 2 then dispersed.highest end as highest,
    cast(dispersed.progress_range as decimal(28, 10)) as progress_range,
    dispersed.coefficient_of_variation,
    cast(dispersed.progress_range - before.progress_range as decimal(28, 10)) as progress_range_change,
    cast(
        dispersed.coefficient_of_variation - before.coefficient_of_variation as decimal(28, 4)
    ) as coefficient_of_variation_change
from dispersed
left join dispersed as before
    on
        dispersed.league_id = before.league_id
        and dispersed.iso_year = before.iso_year
        and dispersed.units_shown = before.units_shown
        and dispersed.week_start = {{ add_days('before.week_start', 28) }}
