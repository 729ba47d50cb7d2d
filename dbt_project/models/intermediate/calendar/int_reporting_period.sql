with build as (
    select * from {{ ref('stg_landing__build') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

outcomes as (
    select * from {{ ref('stg_landing__outcomes') }}
),

-- A night on which every partner failed still belongs to the period: its week must not go missing.
expected_intervals as (
    select
        interval_start,
        interval_end
    from batches
    union all
    select
        interval_start,
        interval_end
    from outcomes
),

covered as (
    select
        min(interval_start) as first_day,
        {{ add_days('max(interval_end)', -1) }} as last_day
    from expected_intervals
),

-- With nothing landed the period is the ISO year so far, as the build's own clock stands in Shanghai (UTC+8).
build_days as (
    select
        *,
        {{ add_days(dbt.dateadd('hour', 8, 'as_of'), -1) }} as day_before_build
    from build
),

reported as (
    select
        build_days.build_id,
        build_days.as_of,
        build_days.is_demo,
        coalesce(covered.first_day, build_days.day_before_build) as first_day,
        coalesce(covered.last_day, build_days.day_before_build) as last_day
    from build_days
    cross join covered
),

-- 4 January always lies in the first ISO week (ISO 8601).
opened as (
    select
        *,
        cast(cast({{ iso_year('first_day') }} as {{ dbt.type_string() }}) || '-01-04' as date) as in_first_week
    from reported
)

select
    build_id,
    as_of,
    is_demo,
    {{ week_start('in_first_week') }} as first_week_start,
    last_day
from opened
