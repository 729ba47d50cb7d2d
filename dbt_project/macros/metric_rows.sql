{#-
    One metric's contributions, a row per record that counts. A count leaves `denominator` out; a rate gives 0 or 1
    for both. `person` names the worker behind the record where the metric counts people.
-#}
{% macro metric_rows(
    metric_id,
    relation,
    feed,
    record_id,
    event_date,
    numerator='1',
    denominator='null',
    person='null',
    partner='partner_id',
    where='true'
) -%}
    select
        cast('{{ metric_id }}' as {{ dbt.type_string() }}) as metric_id,
        {{ event_date }} as event_date,
        organisation_code,
        {{ partner }} as partner_id,
        cast({{ numerator }} as decimal(18, 4)) as numerator,
        cast({{ denominator }} as decimal(18, 4)) as denominator,
        cast({{ person }} as {{ dbt.type_string() }}) as person_key,
        cast('{{ feed }}' as {{ dbt.type_string() }}) as feed,
        cast({{ record_id }} as {{ dbt.type_string() }}) as record_id,
        batch_id
    from {{ relation }}
    where {{ where }}
{%- endmacro %}
