{%- set feeds = {
    'health_services': ('stg_hospital__health_services', ['partner_id', 'service_id']),
    'health_screenings': ('stg_hospital__health_screenings', ['partner_id', 'screening_id']),
    'health_appointments': ('stg_hospital__health_appointments', ['partner_id', 'appointment_id']),
    'vouchers': ('stg_mini_program__vouchers', ['partner_id', 'voucher_id']),
    'job_applications': ('stg_job_fair_system__job_applications', ['partner_id', 'application_id']),
    'employment_registrations': (
        'stg_employment_system__employment_registrations',
        ['partner_id', 'registration_id'],
    ),
    'startup_support': ('stg_employment_system__startup_support', ['partner_id', 'support_id']),
    'training_enrolments': ('stg_training_base__training_enrolments', ['partner_id', 'enrolment_id']),
    'training_attendances': ('stg_training_base__training_attendances', ['partner_id', 'attendance_id']),
    'training_certificates': ('stg_training_base__training_certificates', ['partner_id', 'certificate_id']),
    'mediation_cases': ('stg_mediation_center__mediation_cases', ['partner_id', 'case_id']),
    'hardship_register': (
        'stg_hardship_system__hardship_register',
        ['partner_id', add_days('snapshot_on', 1)],
    ),
    'relief_payments': ('stg_hardship_system__relief_payments', ['partner_id', 'payment_id']),
} -%}

with {% for feed, (staging, key) in feeds.items() -%}
{{ feed }} as (
    {{ changes_of(ref(staging), is_changed(feed, key)) | indent }}
){{ ',\n\n' if not loop.last }}
{%- endfor %}

{% for feed in feeds -%}
select worker_key
from {{ feed }}
{{ 'union' if not loop.last }}
{% endfor -%}
