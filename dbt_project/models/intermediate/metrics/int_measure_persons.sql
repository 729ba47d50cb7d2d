{{- depends_on_facts() -}}

-- Who stands behind each measure that counts distinct things, by the week and the finest scopes.
with dated as (
    {%- for measure in measures('count_distinct') %}
    select distinct
        {{ text(measure.name) }} as measure_id,
        {{ week_start(measure.event_date) }} as week_start,
        organisation_code,
        partner_id,
        project_id,
        cast({{ measure.expr }} as {{ dbt.type_string() }}) as person_key
    from {{ ref(measure.fact) }}
    where {{ measure.event_date }} is not null and {{ measure.expr }} is not null
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer counts nobody') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

select * from dated
