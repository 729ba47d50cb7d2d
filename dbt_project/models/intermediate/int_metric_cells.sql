with metric_events as (
    select * from {{ ref('int_metric_events__health') }}
    union all
    select * from {{ ref('int_metric_events__employment') }}
    union all
    select * from {{ ref('int_metric_events__rights') }}
),

days as (
    select * from {{ ref('int_days') }}
),

cities as (
    select * from {{ ref('cities') }}
),

placed as (
    select
        metric_events.metric_id,
        days.week_start,
        days.iso_year,
        metric_events.organisation_code,
        metric_events.partner_id,
        metric_events.numerator,
        metric_events.denominator,
        metric_events.person_key
    from metric_events
    inner join days
        on metric_events.event_date = days.date_day
),

scoped as (
    select
        placed.metric_id,
        'city' as scope_type,
        cities.code as scope_code,
        placed.week_start,
        placed.iso_year,
        placed.numerator,
        placed.denominator,
        placed.person_key
    from placed
    cross join cities

    union all

    select
        metric_id,
        'organisation' as scope_type,
        organisation_code as scope_code,
        week_start,
        iso_year,
        numerator,
        denominator,
        person_key
    from placed

    union all

    select
        metric_id,
        'partner' as scope_type,
        partner_id as scope_code,
        week_start,
        iso_year,
        numerator,
        denominator,
        person_key
    from placed
),

summed as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_start,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(distinct person_key) as persons
    from scoped
    group by metric_id, scope_type, scope_code, week_start
),

-- Persons do not add up over weeks, but their first appearances in the year do.
first_appearances as (
    select
        metric_id,
        scope_type,
        scope_code,
        iso_year,
        person_key,
        min(week_start) as week_start
    from scoped
    where person_key is not null
    group by metric_id, scope_type, scope_code, iso_year, person_key
),

newly_seen as (
    select
        metric_id,
        scope_type,
        scope_code,
        week_start,
        count(*) as new_persons
    from first_appearances
    group by metric_id, scope_type, scope_code, week_start
)

select
    summed.metric_id,
    summed.scope_type,
    summed.scope_code,
    summed.week_start,
    summed.numerator,
    summed.denominator,
    summed.persons,
    coalesce(newly_seen.new_persons, 0) as new_persons
from summed
left join newly_seen
    on
        summed.metric_id = newly_seen.metric_id
        and summed.scope_type = newly_seen.scope_type
        and summed.scope_code = newly_seen.scope_code
        and summed.week_start = newly_seen.week_start
