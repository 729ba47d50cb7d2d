{%- for metric in metrics() %}
select
    {{ text(metric.metric_id) }} as metric_id,
    {{ text(metric.name_zh) }} as name_zh,
    {{ text(metric.name_en) }} as name_en,
    {{ text(metric.definition_zh) }} as definition_zh,
    {{ text(metric.definition_en) }} as definition_en,
    {{ text(metric.unit_zh) }} as unit_zh,
    {{ text(metric.unit_en) }} as unit_en,
    {{ text(metric.unit_one_en) }} as unit_one_en,
    {{ text(metric.project_id) }} as project_id,
    {{ text(metric.kind) }} as kind,
    {{ metric.decimals }} as decimals,
    {{ text(metric.direction) }} as direction,
    {{ text(metric.fault) }} as fault,
    {{ text(metric.measure) }} as measure_id,
    {{ text(metric.numerator) }} as numerator_metric_id,
    {{ text(metric.denominator) }} as denominator_metric_id,
    {{ metric.is_published | lower }} as is_published,
    {{ metric.is_headline | lower }} as is_headline,
    {{ metric.display_order }} as display_order
    {%- if not loop.last %}
union all
    {%- endif %}
{%- else %}
select 1 as metric_id
{%- endfor %}
