{#- Feeds whose records are services to workers: model, record, day, project; `is_linked` where the model says which of
    its rows are orphans, so that a row can change without its record. -#}
{% macro service_feeds(is_linked) %}
    {{- return({
        'training_attendances': ('int_training_attendances_linked', 'attendance_id', 'attended_on', 'skills_training'),
        'job_applications': ('int_job_applications_linked', 'application_id', 'applied_on', 'job_fairs'),
    } if is_linked else {
        'health_services': ('stg_hospital__health_services', 'service_id', 'service_date', 'health_campaign'),
        'health_screenings': ('stg_hospital__health_screenings', 'screening_id', 'screened_on', 'group_screening'),
        'startup_support': ('stg_employment_system__startup_support', 'support_id', 'supported_on', 'startup_support'),
        'mediation_cases': ('stg_mediation_center__mediation_cases', 'case_id', 'accepted_on', 'mediation'),
        'relief_payments': ('stg_hardship_system__relief_payments', 'payment_id', 'paid_on', 'hardship_relief'),
    }) -}}
{% endmacro %}

{#- The rows of fct_worker_services that come of these feeds; on a base, of feeds that are not linked, only those of
    records that have to be looked at again. -#}
{% macro worker_services(is_linked) %}
{%- for feed, (model, record_id, day, project) in service_feeds(is_linked).items() %}
select
    {{ text(feed) }} as feed,
    partner_id,
    {{ record_id }} as record_id,
    worker_key,
    coalesce(organisation_code, 'UNKNOWN') as organisation_code,
    {{ day }} as served_on,
    {{ text(project) }} as project_id,
    batch_id,
    landed_at
from {{ ref(model) }}
{{ 'where not is_orphan' if is_linked else only(is_changed(feed, ['partner_id', record_id])) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endmacro %}
