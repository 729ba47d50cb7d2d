with days as (
    select * from {{ ref('int_days') }}
),

holidays as (
    select * from {{ ref('public_holidays') }}
),

notices as (
    select distinct cast(extract(year from date_day) as integer) as calendar_year
    from holidays
),

placed as (
    select
        days.*,
        cast({{ days_through('days.week_start', 'days.date_day') }} as integer) as iso_day_of_week,
        holidays.holiday_name_zh,
        holidays.holiday_name_en,
        coalesce(holidays.day_type, 'ordinary') as day_type,
        notices.calendar_year is not null as has_holiday_notice
    from days
    left join holidays
        on days.date_day = holidays.date_day
    left join notices
        on extract(year from days.date_day) = notices.calendar_year
)

-- A year without a notice has the days of the week to go by, and says so.
select
    date_day,
    week_id,
    week_start,
    week_end,
    iso_year,
    iso_week,
    iso_day_of_week,
    day_type = 'day_off' as is_holiday,
    holiday_name_zh,
    holiday_name_en,
    day_type = 'make_up_workday' as is_make_up_workday,
    case day_type
        when 'day_off' then false
        when 'make_up_workday' then true
        else iso_day_of_week <= 5
    end as is_workday,
    has_holiday_notice
from placed
