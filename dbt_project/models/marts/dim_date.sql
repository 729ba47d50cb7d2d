with days as (
    select * from {{ ref('int_days') }}
)

select
    date_day,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    cast({{ days_through('week_start', 'date_day') }} as integer) as iso_day_of_week,
    cast(extract(year from date_day) as integer) as calendar_year,
    cast(extract(month from date_day) as integer) as calendar_month
from days
