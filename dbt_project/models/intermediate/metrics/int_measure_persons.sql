{{- depends_on_facts() -}}
{%- set changes = facts_with_changes() if is_on_base() else {} -%}

-- Who stands behind each measure that counts distinct things, by the week and the finest scopes. Of the facts that an
-- incremental build takes over, only those whom a changed row names, each with all there is of them and all there was.
with dated as (
    {%- for measure in measures('count_distinct') %}
    {%- for sign, fact in [(1, ref(measure.fact)), (-1, in_base(ref(measure.fact)))] if sign == 1 or measure.fact in changes %}
    select
        {{ sign }} as sign,
        {{ text(measure.name) }} as measure_id,
        {{ week_start(measure.event_date) }} as week_start,
        organisation_code,
        partner_id,
        project_id,
        {{ compact_key(measure.expr) }} as person_key
    from {{ fact }}
    where
        {{ measure.event_date }} is not null
        and {{ measure.expr }} is not null
        {%- if measure.fact in changes %}
        and {{ measure.expr }} in (select {{ measure.expr }} from {{ ref(changes[measure.fact]) }})
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer counts nobody') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

select * from dated
