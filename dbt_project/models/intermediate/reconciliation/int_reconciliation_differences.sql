{#- Difference: when it holds, what either side says. Workers are not named: of two, only that they are two. -#}
{%- set redemption_differences = {
    'unregistered': ('not is_registered', 'hospital_redeemed_on', none),
    'hospital_only': ("is_registered and outcome = 'partner_only'", 'hospital_redeemed_on', none),
    'mini_program_only': ("outcome = 'other_only'", none, 'mini_program_redeemed_on'),
    'dates_differ': ('is_date_different', 'hospital_redeemed_on', 'mini_program_redeemed_on'),
    'hospital_differs': ('is_hospital_different', 'partner_id', 'issued_for_partner_id'),
    'worker_differs': ('is_worker_different', none, none),
} -%}
{%- set hire_differences = {
    'hire_unregistered': ("outcome = 'partner_only'", 'applied_on', none),
    'application_unknown': ("outcome = 'other_only'", none, 'hired_on'),
    'stage_behind': ('is_stage_behind', 'stage', 'hired_on'),
    'fair_differs': ('is_fair_different', 'fair_id', 'source_fair_id'),
    'posting_differs': ('is_posting_different', 'posting_id', 'source_posting_id'),
    'hired_before_applied': ('is_hired_before_applied', 'applied_on', 'hired_on'),
} -%}

{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_difference()) }}",
) }}

with redemptions as (
    select * from {{ ref('int_redemptions_compared') }}
    {{ only(is_changed_voucher('comparison_id')) }}
),

hires as (
    select * from {{ ref('int_hires_compared') }}
),

organisations as (
    select * from {{ ref('int_worker_organisations_compared') }}
    {{ only(is_changed_worker()) }}
),

records as (
    select * from {{ ref('int_disputed_organisation_records') }}
),

differences as (
    select
        organisations.worker_key,
        {{ text('worker_attribute') }} as kind,
        {{ text('organisation_differs') }} as difference,
        organisations.partner_id || '/' || records.feed || '/' || records.record_id || '~'
        || organisations.other_partner_id || '/' || other_records.feed || '/' || other_records.record_id
            as comparison_id,
        organisations.partner_id,
        records.record_id,
        organisations.organisation_code as said,
        records.batch_id,
        organisations.other_partner_id,
        other_records.record_id as other_record_id,
        organisations.other_organisation_code as other_said,
        other_records.batch_id as other_batch_id,
        organisations.compared_on
    from organisations
    inner join records
        on
            organisations.worker_key = records.worker_key
            and organisations.partner_id = records.partner_id
    inner join records as other_records
        on
            organisations.worker_key = other_records.worker_key
            and organisations.other_partner_id = other_records.partner_id
    where organisations.outcome = 'differing'
    {%- for kind, compared, found in [
        ('voucher_redemption', 'redemptions', redemption_differences),
        ('hire', 'hires', hire_differences),
    ] %}
    {%- for difference, (condition, said, other_said) in found.items() %}

    union all

    select
        null as worker_key,
        {{ text(kind) }} as kind,
        {{ text(difference) }} as difference,
        comparison_id,
        partner_id,
        record_id,
        cast({{ said or 'null' }} as {{ dbt.type_string() }}) as said,
        batch_id,
        other_partner_id,
        other_record_id,
        cast({{ other_said or 'null' }} as {{ dbt.type_string() }}) as other_said,
        other_batch_id,
        compared_on
    from {{ compared }}
    where {{ condition }}
    {%- endfor %}
    {%- endfor %}
)

select
    worker_key,
    kind,
    difference,
    comparison_id,
    partner_id,
    record_id,
    said,
    batch_id,
    other_partner_id,
    other_record_id,
    other_said,
    other_batch_id,
    compared_on
from differences
