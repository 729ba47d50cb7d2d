-- A notice names seven holidays, and has only Saturdays and Sundays worked; without a year the list says nothing.
{{ config(
    meta={
        'what': '每年的放假和调休安排齐全',
        'why': '缺一个节日，工作日的算法就错了',
        'dimension': '完整性',
    },
) }}

with listed as (
    select
        *,
        extract(year from date_day) as listed_year,
        {{ week_start('date_day') }} as week_start
    from {{ ref('public_holidays') }}
),

years as (
    select distinct listed_year from listed
),

{% set holidays = ['元旦', '春节', '清明节', '劳动节', '端午节', '中秋节', '国庆节'] -%}
missing as (
    {% for holiday in holidays %}
    select
        years.listed_year,
        '{{ holiday }}' as fault
    from years
    left join listed
        on
            years.listed_year = listed.listed_year
            and listed.day_type = 'day_off'
            and listed.holiday_name_zh like '%{{ holiday }}%'
    where listed.date_day is null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

worked as (
    select
        listed_year,
        cast(date_day as {{ dbt.type_string() }}) as fault
    from listed
    where
        day_type = 'make_up_workday'
        and date_day < {{ add_days('week_start', 5) }}
),

unlisted as (
    select
        0 as listed_year,
        'no year' as fault
    from (select count(*) as listed_years from years) as counted
    where counted.listed_years = 0
)

select * from missing
union all
select * from worked
union all
select * from unlisted
