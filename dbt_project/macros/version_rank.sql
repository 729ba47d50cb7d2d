{#-
    1 for the latest version of a landed row among all that share its partner and key.
    A row without `updated_at` stands for what the partner held when its interval ended.
-#}
{% macro version_rank(key) -%}
    row_number() over (
        partition by _partner, {{ key | join(', ') }}
        order by
            coalesce(updated_at, cast(_interval_end as timestamp)) desc,
            _interval_end desc,
            _landed_at desc,
            _batch_id desc,
            _row_number desc
    )
{%- endmacro %}
