with days as (
    select * from {{ ref('int_days_worked') }}
)

select
    date_day,
    week_id,
    is_holiday,
    holiday_name_zh,
    holiday_name_en,
    is_make_up_workday,
    is_workday
from days
