{%- set feeds = {
    'health_services': ('stg_hospital__health_services', 'service_date', ['organisation_code', 'age_band', 'sex']),
    'health_screenings': (
        'stg_hospital__health_screenings',
        'screened_on',
        ['organisation_code', 'age_band', 'sex', 'special_group'],
    ),
    'health_appointments': ('stg_hospital__health_appointments', 'booked_on', ['organisation_code']),
    'vouchers': ('stg_mini_program__vouchers', 'issued_on', ['organisation_code']),
    'job_applications': ('stg_job_fair_system__job_applications', 'applied_on', []),
    'employment_registrations': (
        'stg_employment_system__employment_registrations',
        'hired_on',
        ['organisation_code'],
    ),
    'startup_support': ('stg_employment_system__startup_support', 'supported_on', ['organisation_code']),
    'training_enrolments': ('stg_training_base__training_enrolments', 'enrolled_on', []),
    'training_attendances': ('stg_training_base__training_attendances', 'attended_on', []),
    'training_certificates': ('stg_training_base__training_certificates', 'issued_on', []),
    'mediation_cases': ('stg_mediation_center__mediation_cases', 'accepted_on', ['organisation_code']),
    'hardship_register': (
        'stg_hardship_system__hardship_register',
        'snapshot_on',
        ['organisation_code', 'special_group'],
    ),
    'relief_payments': ('stg_hardship_system__relief_payments', 'paid_on', ['organisation_code']),
} -%}

{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_seen_again()) }}",
) }}

-- Each feed is summed up by itself: what is joined afterwards is workers, not records.
with sightings as (
    {%- for feed, (staging, day, columns) in feeds.items() %}
    {%- set special_group = 'special_group' if 'special_group' in columns else text(none) %}
    select
        {{ text(feed) }} as feed,
        partner_id,
        worker_key,
        min({{ day }}) as first_seen_on,
        max({{ day }}) as last_seen_on,
        {%- for column in ['organisation_code', 'age_band', 'sex'] %}
        {{ latest(column, day) if column in columns else text(none) }} as {{ column }},
        {%- endfor %}
        {%- for group in ['women', 'migrant', 'front_line', 'new_employment'] %}
        max(case {{ special_group }} when '{{ group }}' then 1 else 0 end) as {{ group }},
        {%- endfor %}
        count(*) as records
    from {{ ref(staging) }}
    {{ only(is_seen_again()) }}
    group by partner_id, worker_key
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from sightings
