{{- depends_on_facts() -}}
{%- set scope_columns = {
    'city': 'cities.code',
    'union': 'organisation_code',
    'partner': 'partner_id',
    'project': 'project_id',
} -%}
{%- set facts = [] -%}
{%- for fact, counted in measures() | groupby('fact') if fact_has_batches(fact) -%}
    {%- set dates = counted | map(attribute='event_date') | unique | list -%}
    {%- do facts.append({'name': fact, 'measures': counted, 'dates': dates}) -%}
{%- endfor -%}

with printed as (
    select min(printed_as_of) as first_printed_as_of from {{ ref('stg_landing__printed_figures') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

late as (
    select batches.batch_id
    from batches
    inner join printed
        on batches.landed_at > printed.first_printed_as_of
),

cities as (
    select * from {{ ref('cities') }}
),

-- Each fact is read once, for all of its measures.
{%- for fact in facts %}
{{ fact.name }} as (
    select
        batch_id,
        organisation_code,
        partner_id,
        project_id,
        {%- for date in fact.dates %}
        {{ week_start(date) }} as week_{{ loop.index }},
        {%- endfor %}
        {%- for measure in fact.measures %}
        count({{ measure.expr }}) as {{ measure.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(fact.name) }}
    where batch_id in (select late.batch_id from late)
    group by
        batch_id,
        organisation_code,
        partner_id,
        project_id,
        {%- for date in fact.dates %}
        {{ week_start(date) }}{{ ',' if not loop.last }}
        {%- endfor %}
),
{% endfor %}
counted as (
    {%- for fact in facts %}
    {%- for measure in fact.measures %}
    select
        {{ text(measure.name) }} as measure_id,
        organisation_code,
        partner_id,
        project_id,
        week_{{ fact.dates.index(measure.event_date) + 1 }} as week_start,
        batch_id,
        {{ measure.name }} as records
    from {{ fact.name }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer has no measure') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

{% for scope_set, column in scope_columns.items() -%}
select
    counted.measure_id,
    '{{ scope_set }}' as scope_set,
    {{ column }} as scope_code,
    counted.week_start,
    counted.batch_id,
    cast(sum(counted.records) as bigint) as records
from counted
cross join cities
where counted.records > 0 and counted.week_start is not null
group by counted.measure_id, {{ column }}, counted.week_start, counted.batch_id
{{ 'union all' if not loop.last }}
{% endfor %}
