{#-
    The semantic layer (semantic models and metrics in YAML) says what is counted; these macros hand it to the models
    that count. A model that loops over them names the facts in `-- depends_on` lines, since dbt knows the graph only
    when it runs.
-#}

{#- Every measure: name, fact, agg, expr, event_date, feeds, record_id, what of 128 bits tells apart the things that it
    counts once each, and the measures of persons whose small cells hide it. -#}
{% macro measures(agg=none) %}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for semantic_model in graph.semantic_models.values() | sort(attribute='name') -%}
            {%- set times = {} -%}
            {%- for dimension in semantic_model.dimensions -%}
                {%- do times.update({dimension.name: dimension.expr or dimension.name}) -%}
            {%- endfor -%}
            {%- set keys = semantic_model.entities | selectattr('type', 'equalto', 'primary') | list -%}
            {%- for measure in semantic_model.measures if agg is none or measure.agg == agg -%}
                {%- set time = measure.agg_time_dimension or semantic_model.defaults.agg_time_dimension -%}
                {%- set is_of_persons = measure.agg == 'count_distinct' and 'worker_key' in measure.expr -%}
                {%- do found.append({
                    'name': measure.name,
                    'fact': semantic_model.node_relation.alias,
                    'agg': measure.agg,
                    'expr': measure.expr or measure.name,
                    'event_date': times[time],
                    'feeds': measure.config.meta.feeds,
                    'record_id': keys[0].expr or keys[0].name,
                    'counted_key': measure.expr if is_of_persons else compact_key(measure.expr),
                    'persons': [measure.name] if is_of_persons else measure.config.meta.persons or [],
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}

{#- Every metric, published or not, in the order of the catalogue. A ratio names two others. -#}
{% macro metrics() %}
    {%- set found = [] -%}
    {%- set of_persons = measures('count_distinct') | map(attribute='name') | list -%}
    {%- if execute -%}
        {%- for metric in graph.metrics.values() -%}
            {%- set meta = metric.config.meta -%}
            {%- set ratio = metric.type == 'ratio' -%}
            {%- do found.append({
                'metric_id': metric.name,
                'name_zh': metric.label,
                'name_en': meta.name_en,
                'definition_zh': metric.description,
                'definition_en': meta.definition_en,
                'unit_zh': meta.unit_zh,
                'unit_en': meta.unit_en,
                'unit_one_en': meta.unit_one_en,
                'project_id': meta.project,
                'kind': metric_kind(metric, of_persons),
                'decimals': meta.decimals or 0,
                'direction': meta.direction or 'up',
                'fault': meta.fault,
                'measure': metric.type_params.measure.name if not ratio,
                'numerator': metric.type_params.numerator.name if ratio,
                'denominator': metric.type_params.denominator.name if ratio,
                'display_order': meta.order or 0,
                'is_published': 'order' in meta,
                'is_headline': meta.headline or false,
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found | sort(attribute='display_order,metric_id')) -}}
{% endmacro %}

{#- count, persons, stock, rate (a share, shown in percent) or average. `of_persons` names the measures that count persons. -#}
{% macro metric_kind(metric, of_persons) %}
    {%- if metric.type == 'cumulative' -%}
        {{- return('stock') -}}
    {%- elif metric.type == 'ratio' -%}
        {{- return('rate' if metric.config.meta.unit_zh == '%' else 'average') -}}
    {%- endif -%}
    {{- return('persons' if metric.type_params.measure.name in of_persons else 'count') -}}
{% endmacro %}

{#- A text literal, or NULL. -#}
{% macro text(value) -%}
    cast({{ dbt.string_literal(dbt.escape_single_quotes(value)) if value else 'null' }} as {{ dbt.type_string() }})
{%- endmacro %}

{#- Tells dbt, which learns of the graph too late to see it for itself, the facts that measures are taken from. -#}
{% macro depends_on_facts() %}
    {%- for fact in [
        'fct_collective_contract_movements',
        'fct_collective_contracts',
        'fct_counselling_sessions',
        'fct_employment_registrations',
        'fct_hardship_movements',
        'fct_health_appointments',
        'fct_health_screenings',
        'fct_health_services',
        'fct_job_applications',
        'fct_job_fairs',
        'fct_job_postings',
        'fct_labour_contract_movements',
        'fct_mediation_case_events',
        'fct_mediation_cases',
        'fct_meeting_action_movements',
        'fct_meeting_actions',
        'fct_outreach_events',
        'fct_publicity_items',
        'fct_relief_payments',
        'fct_safety_hazard_movements',
        'fct_safety_hazards',
        'fct_safety_inspections',
        'fct_service_ratings',
        'fct_startup_support',
        'fct_training_attendances',
        'fct_training_certificates',
        'fct_training_enrolments',
        'fct_training_sessions',
        'fct_union_members',
        'fct_voucher_events',
        'fct_voucher_movements',
        'fct_worker_services',
    ] %}
        {%- do ref(fact) -%}
    {%- endfor %}
    {%- for changes in facts_with_changes().values() %}
        {%- do ref(changes) -%}
    {%- endfor %}
{% endmacro %}
