{%- set feeds = {
    'labour_contracts': ('stg_contract_register__labour_contracts', 'as_of_date'),
    'collective_contracts': ('stg_contract_register__collective_contracts', 'signed_on'),
    'employment_registrations': ('stg_employment_system__employment_registrations', 'hired_on'),
    'mediation_cases': ('stg_mediation_center__mediation_cases', 'accepted_on'),
    'safety_inspections': ('stg_safety_inspection__safety_inspections', 'inspected_on'),
    'outreach_events': ('stg_mini_program__outreach_events', 'event_date'),
    'health_services': ('stg_hospital__health_services', 'service_date'),
    'health_screenings': ('stg_hospital__health_screenings', 'screened_on'),
} -%}

with postings as (
    select * from {{ ref('int_job_postings_linked') }}
),

-- A posting names the employer, but its union is the one that held the fair.
posting as (
    select
        {{ text('job_postings') }} as feed,
        partner_id,
        employer_credit_code,
        min(fair_date) as first_seen_on,
        max(fair_date) as last_seen_on,
        {{ text(none) }} as organisation_code,
        {{ latest('employer_name', 'fair_date') }} as employer_name,
        count(*) as records
    from postings
    where not is_orphan
    group by partner_id, employer_credit_code
),

named as (
    {%- for feed, (staging, day) in feeds.items() %}
    select
        {{ text(feed) }} as feed,
        partner_id,
        employer_credit_code,
        min({{ day }}) as first_seen_on,
        max({{ day }}) as last_seen_on,
        {{ latest('organisation_code', day) }} as organisation_code,
        {{ text(none) }} as employer_name,
        count(*) as records
    from {{ ref(staging) }}
    where employer_credit_code is not null
    group by partner_id, employer_credit_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from posting
union all
select * from named
