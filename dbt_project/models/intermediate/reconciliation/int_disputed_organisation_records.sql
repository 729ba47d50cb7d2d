{%- set feeds = {
    'health_services': ('stg_hospital__health_services', 'service_id', 'service_date'),
    'health_screenings': ('stg_hospital__health_screenings', 'screening_id', 'screened_on'),
    'health_appointments': ('stg_hospital__health_appointments', 'appointment_id', 'booked_on'),
    'vouchers': ('stg_mini_program__vouchers', 'voucher_id', 'issued_on'),
    'startup_support': ('stg_employment_system__startup_support', 'support_id', 'supported_on'),
    'mediation_cases': ('stg_mediation_center__mediation_cases', 'case_id', 'accepted_on'),
    'hardship_register': ('stg_hardship_system__hardship_register', 'register_no', 'snapshot_on'),
    'relief_payments': ('stg_hardship_system__relief_payments', 'payment_id', 'paid_on'),
} -%}

{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker()) }}",
) }}

with compared as (
    select * from {{ ref('int_worker_organisations_compared') }}
    {{ only(is_changed_worker()) }}
),

{% for feed, (staging, record_id, day) in feeds.items() -%}
{{ feed }} as (
    select * from {{ ref(staging) }}
),

{% endfor -%}
disputed as (
    select
        worker_key,
        partner_id,
        organisation_code
    from compared
    where outcome = 'differing'
    union
    select
        worker_key,
        other_partner_id as partner_id,
        other_organisation_code as organisation_code
    from compared
    where outcome = 'differing'
),

named as (
    {%- for feed, (staging, record_id, day) in feeds.items() %}
    select
        disputed.worker_key,
        disputed.partner_id,
        {{ text(feed) }} as feed,
        {{ feed }}.{{ record_id }} as record_id,
        {{ feed }}.{{ day }} as stated_on,
        {{ feed }}.batch_id
    from disputed
    inner join {{ feed }}
        on
            disputed.worker_key = {{ feed }}.worker_key
            and disputed.partner_id = {{ feed }}.partner_id
            and disputed.organisation_code = {{ feed }}.organisation_code
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by worker_key, partner_id
            order by stated_on desc, feed asc, record_id asc, batch_id asc
        ) as record_rank
    from named
)

select
    worker_key,
    partner_id,
    feed,
    record_id,
    stated_on,
    batch_id
from ranked
where record_rank = 1
