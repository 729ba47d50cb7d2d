{#- A short key that stands for a text where texts are only told apart: 128 bits of its MD5. -#}
{% macro compact_key(text) -%}
    {{ adapter.dispatch('compact_key')(text) }}
{%- endmacro %}

{% macro default__compact_key(text) -%}
    md5({{ text }})
{%- endmacro %}

{% macro duckdb__compact_key(text) -%}
    cast(md5({{ text }}) as uuid)
{%- endmacro %}
