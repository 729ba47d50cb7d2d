{%- set services = {
    'health_services': ('stg_hospital__health_services', 'service_id', 'service_date', 'health_campaign'),
    'health_screenings': ('stg_hospital__health_screenings', 'screening_id', 'screened_on', 'group_screening'),
    'startup_support': ('stg_employment_system__startup_support', 'support_id', 'supported_on', 'startup_support'),
    'mediation_cases': ('stg_mediation_center__mediation_cases', 'case_id', 'accepted_on', 'mediation'),
    'relief_payments': ('stg_hardship_system__relief_payments', 'payment_id', 'paid_on', 'hardship_relief'),
} -%}
{%- set linked = {
    'training_attendances': ('int_training_attendances_linked', 'attendance_id', 'attended_on', 'skills_training'),
    'job_applications': ('int_job_applications_linked', 'application_id', 'applied_on', 'job_fairs'),
} -%}

{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker_service()) }}",
) }}

with services as (
    {%- for feed, (model, record_id, day, project) in services.items() %}
    select
        {{ text(feed) }} as feed,
        partner_id,
        {{ record_id }} as record_id,
        worker_key,
        organisation_code,
        {{ day }} as served_on,
        {{ text(project) }} as project_id,
        batch_id,
        landed_at
    from {{ ref(model) }}
    {%- if feed == 'health_services' %}
    {{ only(is_changed('health_services', ['partner_id', 'service_id'])) }}
    {%- endif %}
    union all
    {%- endfor %}
    {%- for feed, (model, record_id, day, project) in linked.items() %}
    select
        {{ text(feed) }} as feed,
        partner_id,
        {{ record_id }} as record_id,
        worker_key,
        organisation_code,
        {{ day }} as served_on,
        {{ text(project) }} as project_id,
        batch_id,
        landed_at
    from {{ ref(model) }}
    where not is_orphan
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    feed,
    partner_id,
    record_id,
    worker_key,
    coalesce(organisation_code, 'UNKNOWN') as organisation_code,
    served_on,
    project_id,
    batch_id,
    landed_at
from services
