{#- The value of the latest day in a group; of several that day the greatest. ISO dates sort as text, so a maximum will do. -#}
{% macro latest(value, day) -%}
    substring(max(cast({{ day }} as {{ dbt.type_string() }}) || {{ value }}), 11)
{%- endmacro %}
