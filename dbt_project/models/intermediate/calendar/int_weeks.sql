with days as (
    select * from {{ ref('int_days') }}
)

select
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week
from days
where date_day = week_start
