{%- for measure in measures() %}
    {%- for feed in measure.feeds %}
select
    {{ text(measure.name) }} as measure_id,
    {{ text(measure.agg) }} as aggregation,
    {{ text(feed) }} as feed
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
