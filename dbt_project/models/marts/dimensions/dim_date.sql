with days as (
    select * from {{ ref('int_days_worked') }}
)

select
    date_day,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    iso_day_of_week,
    cast(extract(year from date_day) as integer) as calendar_year,
    cast(extract(month from date_day) as integer) as calendar_month,
    is_holiday,
    holiday_name_zh,
    is_make_up_workday,
    is_workday,
    has_holiday_notice
from days
