{{- depends_on_facts() -}}

-- Measures of distinct things on facts that an incremental build makes anew: the weeks of which a fact does not say
-- what it said in the base, told by number and sum of hashes of its rows.
{%- if is_on_base() %}
with digests as (
    {%- for measure in measures('count_distinct') if measure.fact not in facts_with_changes() %}
    {%- for fact in [ref(measure.fact), in_base(ref(measure.fact))] %}
    select
        {{ text(measure.name) }} as measure_id,
        {{ week_start(measure.event_date) }} as week_start,
        count(*) as records,
        sum(hash(organisation_code, partner_id, project_id, {{ measure.expr }})) as digest
    from {{ fact }}
    where
        {{ measure.event_date }} is not null
        and {{ measure.expr }} is not null
    group by {{ week_start(measure.event_date) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select distinct
    measure_id,
    week_start
from digests
group by measure_id, week_start, records, digest
having count(*) = 1
{%- else %}
select
    cast(null as {{ dbt.type_string() }}) as measure_id,
    week_start
from {{ ref('int_weeks') }}
where false
{%- endif %}
