with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

categories as (
    select * from {{ ref('service_categories') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

days as (
    select * from {{ ref('int_days') }}
),

services as (
    select * from {{ ref('int_health_services_marked') }}
),

hospitals as (
    select distinct partner_id
    from feeds
    where feed = 'health_services'
),

placed as (
    select
        services.partner_id,
        services.service_category,
        services.worker_key,
        days.week_start,
        days.iso_year
    from services
    inner join days
        on services.service_date = days.date_day
),

counted as (
    select
        partner_id,
        service_category,
        week_start,
        count(*) as person_times,
        count(distinct worker_key) as persons
    from placed
    group by partner_id, service_category, week_start
),

first_appearances as (
    select
        partner_id,
        service_category,
        iso_year,
        worker_key,
        min(week_start) as week_start
    from placed
    group by partner_id, service_category, iso_year, worker_key
),

new_persons as (
    select
        partner_id,
        service_category,
        week_start,
        count(*) as new_persons
    from first_appearances
    group by partner_id, service_category, week_start
),

filled as (
    select
        hospitals.partner_id,
        categories.code as service_category,
        weeks.week_id,
        weeks.week_start,
        weeks.iso_year,
        coalesce(counted.person_times, 0) as person_times,
        coalesce(counted.persons, 0) as persons,
        coalesce(new_persons.new_persons, 0) as new_persons
    from hospitals
    cross join categories
    cross join weeks
    left join counted
        on
            hospitals.partner_id = counted.partner_id
            and categories.code = counted.service_category
            and weeks.week_start = counted.week_start
    left join new_persons
        on
            hospitals.partner_id = new_persons.partner_id
            and categories.code = new_persons.service_category
            and weeks.week_start = new_persons.week_start
)

select
    partner_id,
    service_category,
    week_id,
    week_start,
    person_times,
    persons,
    cast(sum(person_times) over year_to_date as bigint) as cumulative_person_times,
    cast(sum(new_persons) over year_to_date as bigint) as cumulative_persons
from filled
window year_to_date as (
    partition by partner_id, service_category, iso_year
    order by week_start
    rows between unbounded preceding and current row
)
