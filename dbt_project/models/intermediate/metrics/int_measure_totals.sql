{{- depends_on_facts() -}}
{%- set changes = facts_with_changes() if is_on_base() else {} -%}

-- What each measure that adds up comes to, by the week and the finest scopes: of the facts that an incremental build
-- takes over, what the base says, less what has gone, and with what has come.
with dated as (
    {%- for measure in measures('sum') %}
    {%- if measure.fact in changes %}
    select
        {{ text(measure.name) }} as measure_id,
        {{ measure.event_date }} as event_date,
        organisation_code,
        partner_id,
        project_id,
        cast(sum(sign * ({{ measure.expr }})) as decimal(28, 4)) as amount,
        sum(case when {{ measure.expr }} is not null then sign else 0 end) as records
    from {{ ref(changes[measure.fact]) }}
    {%- else %}
    select
        {{ text(measure.name) }} as measure_id,
        {{ measure.event_date }} as event_date,
        organisation_code,
        partner_id,
        project_id,
        cast(sum({{ measure.expr }}) as decimal(28, 4)) as amount,
        count({{ measure.expr }}) as records
    from {{ ref(measure.fact) }}
    {%- endif %}
    where {{ measure.event_date }} is not null
    group by {{ measure.event_date }}, organisation_code, partner_id, project_id
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer has no measure') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
),

weekly as (
    select
        measure_id,
        {{ week_start('event_date') }} as week_start,
        organisation_code,
        partner_id,
        project_id,
        amount,
        records
    from dated
    {%- for measure in measures('sum') if measure.fact in changes %}

    union all

    select
        measure_id,
        week_start,
        organisation_code,
        partner_id,
        project_id,
        amount,
        records
    from {{ in_base(this) }}
    where measure_id = {{ text(measure.name) }}
    {%- endfor %}
)

select
    measure_id,
    week_start,
    organisation_code,
    partner_id,
    project_id,
    cast(sum(amount) as decimal(28, 4)) as amount,
    cast(sum(records) as bigint) as records
from weekly
group by measure_id, week_start, organisation_code, partner_id, project_id
having sum(records) > 0
