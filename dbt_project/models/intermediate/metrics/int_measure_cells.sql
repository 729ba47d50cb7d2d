{%- set scope_columns = {
    'city': 'cities.code',
    'union': 'organisation_code',
    'partner': 'partner_id',
    'project': 'project_id',
} -%}

with totals as (
    select * from {{ ref('int_measure_totals') }}
),

persons as (
    select * from {{ ref('int_measure_persons') }}
),

cities as (
    select * from {{ ref('cities') }}
),

summed as (
    {%- for scope_set, column in scope_columns.items() %}
    select
        totals.measure_id,
        '{{ scope_set }}' as scope_set,
        {{ column }} as scope_code,
        totals.week_start,
        sum(totals.amount) as amount
    from totals
    cross join cities
    group by totals.measure_id, {{ column }}, totals.week_start
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Each scope set by itself: a person is one in the city, and one in each union or at each partner that met them.
met as (
    {%- for scope_set, column in scope_columns.items() %}
    select
        persons.sign,
        persons.measure_id,
        '{{ scope_set }}' as scope_set,
        {{ column }} as scope_code,
        persons.week_start,
        count(distinct persons.person_key) as persons
    from persons
    cross join cities
    group by persons.sign, persons.measure_id, {{ column }}, persons.week_start
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Persons do not add up over weeks, but their first appearances in the year do.
first_appearances as (
    {%- for scope_set, column in scope_columns.items() %}
    select
        persons.sign,
        persons.measure_id,
        '{{ scope_set }}' as scope_set,
        {{ column }} as scope_code,
        min(persons.week_start) as week_start
    from persons
    cross join cities
    group by
        persons.sign, persons.measure_id, {{ column }}, persons.person_key, {{ iso_year('persons.week_start') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        sign * persons as persons,
        0 as new_persons
    from met

    union all

    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        0 as persons,
        sum(sign) as new_persons
    from first_appearances
    group by measure_id, scope_set, scope_code, week_start
    {%- if is_on_base() %}

    union all

    select
        measure_id,
        scope_set,
        scope_code,
        week_start,
        amount as persons,
        amount_added as new_persons
    from {{ in_base(this) }}
    where measure_id in ({% for measure in measures('count_distinct') %}{{ text(measure.name) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif %}
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
    measure_id,
    scope_set,
    scope_code,
    week_start,
    cast(sum(persons) as decimal(28, 4)) as amount,
    cast(sum(new_persons) as decimal(28, 4)) as amount_added
from counted
group by measure_id, scope_set, scope_code, week_start
having sum(persons) > 0
