{#- Whether the rows of a fact say which batch brought them: the federation's own figures come in none. -#}
{% macro fact_has_batches(fact) %}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
    {%- for model in models if model.alias == fact -%}
        {{- return('batch_id' in model.columns) -}}
    {%- endfor -%}
{% endmacro %}
