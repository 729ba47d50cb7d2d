{% macro add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{#- Monday of the ISO week a date lies in (ISO 8601: weeks run Monday to Sunday). -#}
{% macro week_start(date) -%}
    cast({{ dbt.date_trunc('week', date) }} as date)
{%- endmacro %}

{#- ISO week-numbering year: the calendar year of the week's Thursday. -#}
{% macro iso_year(date) -%}
    cast(extract(year from {{ add_days(week_start(date), 3) }}) as integer)
{%- endmacro %}

{#- Days from the first day to the last, both counted. -#}
{% macro days_through(first_day, last_day) -%}
    {{ dbt.datediff(first_day, last_day, 'day') | trim }} + 1
{%- endmacro %}
