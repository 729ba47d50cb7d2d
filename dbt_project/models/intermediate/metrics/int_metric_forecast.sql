{%- set weeks_looked_back = 8 -%}
{%- set fewest_weeks = 4 -%}
{%- set z_of_80_percent = 1.28 -%}

with weekly as (
    select * from {{ ref('int_metric_published') }}
),

calendars as (
    select * from {{ ref('project_calendars') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

-- 4 January lies in the first ISO week; a year to date ends with the Sunday before it.
years as (
    select
        *,
        cast(cast(year + 1 as {{ dbt.type_string() }}) || '-01-04' as date) as in_next_year
    from calendars
),

ends as (
    select
        project_id,
        year,
        starts_on,
        ends_on,
        least(ends_on, {{ add_days(week_start('in_next_year'), -1) }}) as forecast_through
    from years
),

-- Weeks that lie wholly in the calendar and have passed; half a week would pull the mean down.
whole_weeks as (
    select
        weekly.metric_id,
        weekly.scope_type,
        weekly.scope_code,
        weekly.week_id,
        weekly.week_start,
        weekly.iso_year,
        weekly.cumulative_numerator,
        cast(weekly.numerator as decimal(19, 4)) as amount,
        greatest(0, {{ days_through('weekly.week_end', 'ends.forecast_through') }} - 1) as days_left
    from weekly
    inner join ends
        on
            weekly.project_id = ends.project_id
            and weekly.iso_year = ends.year
    inner join period
        on weekly.week_end <= period.last_day
    where
        weekly.kind = 'count'
        and weekly.week_start >= ends.starts_on
        and weekly.week_end <= ends.ends_on
),

looked_back as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        cumulative_numerator,
        days_left,
        count(*) over lately as weeks,
        count(amount) over lately as shown_weeks,
        sum(amount) over lately as total,
        sum(amount * amount) over lately as total_of_squares
    from whole_weeks
    window
        lately as (
            partition by metric_id, scope_type, scope_code, iso_year
            order by week_start
            rows between {{ weeks_looked_back - 1 }} preceding and current row
        )
),

-- Floating point from here on. A mean over a hidden week would give it away.
estimated as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        cast(cumulative_numerator as double) as year_to_date,
        cast(total as double) / weeks as weekly_mean,
        sqrt(cast(weeks * total_of_squares - total * total as double) / (weeks * (weeks - 1))) as weekly_deviation,
        cast(days_left as double) / 7 as weeks_left,
        weeks
    from looked_back
    where weeks >= {{ fewest_weeks }} and shown_weeks = weeks
),

spread as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_id,
        year_to_date,
        year_to_date + weekly_mean * weeks_left as expected,
        {{ z_of_80_percent }} * weekly_deviation * sqrt(weeks_left + weeks_left * weeks_left / weeks) as margin
    from estimated
)

select
    metric_id,
    scope_type,
    scope_code,
    week_id,
    cast(greatest(year_to_date, expected) as decimal(28, 2)) as forecast,
    cast(greatest(year_to_date, expected - margin) as decimal(28, 2)) as forecast_low,
    cast(greatest(year_to_date, expected + margin) as decimal(28, 2)) as forecast_high
from spread
