{%- set guarded = measures() | selectattr('persons') | list -%}
{%- for measure in guarded %}
    {%- for persons in measure.persons %}
select
    {{ text(measure.name) }} as measure_id,
    {{ text(persons) }} as persons_measure_id
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
union all
    {%- endif %}
{%- else %}
select 1 as measure_id
{%- endfor %}
