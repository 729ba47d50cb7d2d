{%- set scope_columns = {'union': 'organisation_code', 'partner': 'partner_id', 'project': 'project_id'} -%}

with totals as (
    select * from {{ ref('int_measure_totals') }}
),

persons as (
    select * from {{ ref('int_measure_persons') }}
),

cities as (
    select * from {{ ref('cities') }}
),

scoped_totals as (
    select
        totals.measure_id,
        'city' as scope_set,
        cities.code as scope_code,
        totals.week_start,
        totals.amount
    from totals
    cross join cities
    {%- for scope_set, column in scope_columns.items() %}

    union all

    select
        measure_id,
        '{{ scope_set }}' as scope_set,
        {{ column }} as scope_code,
        week_start,
        amount
    from totals
    {%- endfor %}
),

scoped_persons as (
    select
        persons.measure_id,
        'city' as scope_set,
        cities.code as scope_code,
        persons.week_start,
        persons.person_key
    from persons
    cross join cities
    {%- for scope_set, column in scope_columns.items() %}

    union all

    select
        measure_id,
        '{{ scope_set }}' as scope_set,
        {{ column }} as scope_code,
        week_start,
        person_key
    from persons
    {%- endfor %}
),

summed as (
    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        sum(amount) as amount
    from scoped_totals
    group by measure_id, scope_set, scope_code, week_start
),

met as (
    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        count(distinct person_key) as persons
    from scoped_persons
    group by measure_id, scope_set, scope_code, week_start
),

-- Persons do not add up over weeks, but their first appearances in the year do.
first_appearances as (
    select
        measure_id,
        scope_set,
        scope_code,
        person_key,
        min(week_start) as week_start
    from scoped_persons
    group by measure_id, scope_set, scope_code, person_key, {{ iso_year('week_start') }}
),

newly_met as (
    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        count(*) as new_persons
    from first_appearances
    group by measure_id, scope_set, scope_code, week_start
)

select
    measure_id,
    scope_set,
    scope_code,
    week_start,
    cast(amount as decimal(28, 4)) as amount,
    cast(amount as decimal(28, 4)) as amount_added
from summed

union all

select
    met.measure_id,
    met.scope_set,
    met.scope_code,
    met.week_start,
    cast(met.persons as decimal(28, 4)) as amount,
    cast(coalesce(newly_met.new_persons, 0) as decimal(28, 4)) as amount_added
from met
left join newly_met
    on
        met.measure_id = newly_met.measure_id
        and met.scope_set = newly_met.scope_set
        and met.scope_code = newly_met.scope_code
        and met.week_start = newly_met.week_start
