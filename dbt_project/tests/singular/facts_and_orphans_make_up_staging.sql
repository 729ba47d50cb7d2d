-- No record is lost between staging and the facts: it is counted or held out as an orphan.
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
        ('job_fairs', 'stg_job_fair_system__job_fairs', 'fct_job_fairs'),
        ('job_postings', 'stg_job_fair_system__job_postings', 'fct_job_postings'),
        ('job_applications', 'stg_job_fair_system__job_applications', 'fct_job_applications'),
        ('training_sessions', 'stg_training_base__training_sessions', 'fct_training_sessions'),
        ('training_attendances', 'stg_training_base__training_attendances', 'fct_training_attendances'),
        ('mediation_cases', 'stg_mediation_center__mediation_cases', 'fct_mediation_cases'),
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
