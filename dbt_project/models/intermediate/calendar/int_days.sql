with period as (
    select * from {{ ref('int_reporting_period') }}
),

-- Twenty years of days: far more than a warehouse that is rebuilt from landing will hold.
numbers as (
    {{ dbt.generate_series(7320) }}
),

days as (
    select
        {{ add_days('period.first_week_start', 'numbers.generated_number - 1') }} as date_day,
        {{ add_days(week_start('period.last_day'), 6) }} as last_week_end
    from period
    cross join numbers
),

weeks as (
    select
        date_day,
        {{ week_start('date_day') }} as week_start,
        {{ iso_year('date_day') }} as iso_year,
        {{ add_days(week_start('date_day'), 3) }} as thursday
    from days
    where date_day <= last_week_end
),

numbered as (
    select
        *,
        cast(floor((extract(doy from thursday) - 1) / 7) + 1 as integer) as iso_week
    from weeks
)

select
    date_day,
    cast(iso_year as {{ dbt.type_string() }})
    || '-W' || lpad(cast(iso_week as {{ dbt.type_string() }}), 2, '0') as week_id,
    week_start,
    {{ add_days('week_start', 6) }} as week_end,
    iso_year,
    iso_week
from numbered
