with feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

categories as (
    select * from {{ ref('service_categories') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

cells as (
    select * from {{ ref('int_service_category_cells') }}
),

hospitals as (
    select distinct partner_id
    from feeds
    where feed = 'health_services'
),

filled as (
    select
        hospitals.partner_id,
        categories.code as service_category,
        weeks.week_id,
        weeks.week_start,
        weeks.iso_year,
        coalesce(cells.person_times, 0) as person_times,
        coalesce(cells.persons, 0) as persons,
        coalesce(cells.new_persons, 0) as new_persons
    from hospitals
    cross join categories
    cross join weeks
    left join cells
        on
            hospitals.partner_id = cells.partner_id
            and categories.code = cells.service_category
            and weeks.week_start = cells.week_start
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
