{{- depends_on_facts() -}}

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

{#- What no partner delivers comes in no batch. #}
dated as (
    {%- for measure in measures() if fact_has_batches(measure.fact) %}
    select
        {{ text(measure.name) }} as measure_id,
        {{ measure.event_date }} as event_date,
        batch_id,
        count({{ measure.expr }}) as records
    from {{ ref(measure.fact) }}
    where {{ measure.event_date }} is not null and batch_id in (select late.batch_id from late)
    group by {{ measure.event_date }}, batch_id
    {{ 'union all' if not loop.last }}
    {%- else %}
    {{ exceptions.raise_compiler_error('the semantic layer has no measure') if execute else 'select 1 as measure_id' }}
    {%- endfor %}
)

select
    measure_id,
    {{ week_start('event_date') }} as week_start,
    batch_id,
    cast(sum(records) as bigint) as records
from dated
where records > 0
group by measure_id, {{ week_start('event_date') }}, batch_id
