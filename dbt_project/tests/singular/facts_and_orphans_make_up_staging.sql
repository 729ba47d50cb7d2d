-- No record is lost between staging and the facts: it is counted or held out as an orphan.
{{ config(
    meta={
        'what': '每条记录要么计入事实表，要么列为上级缺失',
        'why': '两边都没有的记录就是丢了',
        'dimension': '一致性',
    },
) }}

with held as (
    select
        feed,
        count(*) as rows_held
    from {{ ref('int_orphan_rows') }}
    group by feed
),

counted as (
    {% for feed, staging, fact in [
        ('health_services', 'stg_hospital__health_services', 'fct_health_services'),
        ('vouchers', 'stg_mini_program__vouchers', 'fct_vouchers'),
        ('outreach_events', 'stg_mini_program__outreach_events', 'fct_outreach_events'),
        ('health_appointments', 'stg_hospital__health_appointments', 'fct_health_appointments'),
        ('health_screenings', 'stg_hospital__health_screenings', 'fct_health_screenings'),
        ('service_ratings', 'stg_mini_program__service_ratings', 'fct_service_ratings'),
        ('counselling_sessions', 'stg_counselling_hotline__counselling_sessions', 'fct_counselling_sessions'),
        ('job_fairs', 'stg_job_fair_system__job_fairs', 'fct_job_fairs'),
        ('job_postings', 'stg_job_fair_system__job_postings', 'fct_job_postings'),
        ('job_applications', 'stg_job_fair_system__job_applications', 'fct_job_applications'),
        ('training_sessions', 'stg_training_base__training_sessions', 'fct_training_sessions'),
        ('training_attendances', 'stg_training_base__training_attendances', 'fct_training_attendances'),
        ('training_enrolments', 'stg_training_base__training_enrolments', 'fct_training_enrolments'),
        ('training_certificates', 'stg_training_base__training_certificates', 'fct_training_certificates'),
        ('startup_support', 'stg_employment_system__startup_support', 'fct_startup_support'),
        (
            'employment_registrations',
            'stg_employment_system__employment_registrations',
            'fct_employment_registrations',
        ),
        ('mediation_cases', 'stg_mediation_center__mediation_cases', 'fct_mediation_cases'),
        ('relief_payments', 'stg_hardship_system__relief_payments', 'fct_relief_payments'),
        (
            'collective_contracts',
            'stg_contract_register__collective_contracts',
            'fct_collective_contracts',
        ),
        ('safety_inspections', 'stg_safety_inspection__safety_inspections', 'fct_safety_inspections'),
        ('safety_hazards', 'stg_safety_inspection__safety_hazards', 'fct_safety_hazards'),
        ('meeting_actions', 'stg_leadership_office__meeting_actions', 'fct_meeting_actions'),
        ('publicity_items', 'stg_leadership_office__publicity_items', 'fct_publicity_items'),
    ] %}
    select
        '{{ feed }}' as feed,
        (select count(*) from {{ ref(staging) }}) as rows_staged,
        (select count(*) from {{ ref(fact) }}) as rows_counted
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    counted.feed,
    counted.rows_staged,
    counted.rows_counted,
    held.rows_held
from counted
left join held
    on counted.feed = held.feed
where counted.rows_staged <> counted.rows_counted + coalesce(held.rows_held, 0)
