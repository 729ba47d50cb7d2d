{#- Rows whose key is repeated or has an empty part. -#}
{% test grain(model, columns) %}

    select
        {{ columns | join(', ') }},
        count(*) as number_of_rows
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}

{% endtest %}
