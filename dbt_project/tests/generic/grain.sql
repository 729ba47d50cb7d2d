{#-
    Rows whose key is repeated or has an empty part. `followed_by` names the condition by which an incremental model
    takes out and puts in rows: on a base only those can have become wrong, since the base has passed.
-#}
{% test grain(model, columns, followed_by=none) %}

    select
        {{ columns | join(', ') }},
        count(*) as number_of_rows
    from {{ model }}
    {{ only(is_followed(followed_by, columns)) if followed_by }}
    group by {{ columns | join(', ') }}
    having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}

{% endtest %}
