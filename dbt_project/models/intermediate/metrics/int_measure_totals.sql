{{- depends_on_facts() -}}

-- What each measure that adds up comes to, by the week and the finest scopes.
with dated as (
    {%- for measure in measures('sum') %}
    select
        {{ text(measure.name) }} as measure_id,
        {{ measure.event_date }} as event_date,
        organisation_code,
        partner_id,
        project_id,
        cast(sum({{ measure.expr }}) as decimal(28, 4)) as amount
    from {{ ref(measure.fact) }}
    where {{ measure.event_date }} is not null
    group by {{ measure.event_date }}, organisation_code, partner_id, project_id
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer has no measure') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

select
    measure_id,
    {{ week_start('event_date') }} as week_start,
    organisation_code,
    partner_id,
    project_id,
    cast(sum(amount) as decimal(28, 4)) as amount
from dated
where amount is not null
group by measure_id, {{ week_start('event_date') }}, organisation_code, partner_id, project_id
