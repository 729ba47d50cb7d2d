{{- depends_on_facts() -}}
{%- set changes = facts_with_changes() -%}
{%- set weeks_changed = ref('int_measure_weeks_changed') -%}

-- Who stands behind each measure that counts distinct things, by the week and the finest scopes. In an incremental build
-- only those whom a changed row or a changed week names, each with all there is of them and all there was.
with dated as (
    {%- for measure in measures('count_distinct') %}
    {%- set now, before = ref(measure.fact), in_base(ref(measure.fact)) %}
    {%- for sign, fact in [(1, now), (-1, before)] if sign == 1 or is_on_base() %}
    select
        {{ sign }} as sign,
        {{ text(measure.name) }} as measure_id,
        {{ week_start(measure.event_date) }} as week_start,
        organisation_code,
        partner_id,
        project_id,
        {{ measure.counted_key }} as person_key
    from {{ fact }}
    where
        {{ measure.event_date }} is not null
        and {{ measure.expr }} is not null
        {%- if is_on_base() %}
        and {{ measure.expr }} in (
            {%- if measure.fact in changes %}
            select {{ measure.expr }} from {{ ref(changes[measure.fact]) }}
            {%- else %}
            {%- for each in [now, before] %}
            select {{ measure.expr }} from {{ each }}
            where {{ week_start(measure.event_date) }} in (
                select week_start from {{ weeks_changed }}
                where measure_id = {{ text(measure.name) }}
            )
            {{ 'union all' if not loop.last }}
            {%- endfor %}
            {%- endif %}
        )
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer counts nobody') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

select * from dated
