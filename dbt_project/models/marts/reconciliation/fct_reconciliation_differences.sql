{%- set last_day_before = '(select last_day from ' ~ in_base(ref('int_reporting_period')) ~ ')' -%}

{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(
        'comparison_id in (select comparison_id from ' ~ in_base(ref('int_reconciliation_differences'))
        ~ ' where ' ~ is_changed_difference() ~ ')'
    ) }}",
) }}

with differences as (
    select * from {{ ref('int_reconciliation_differences') }}
    {{ only(is_changed_difference() ~ ' or compared_on > ' ~ last_day_before) }}
),

days as (
    select * from {{ ref('int_days') }}
)

select
    differences.kind,
    differences.comparison_id,
    differences.difference,
    days.week_id,
    differences.compared_on,
    differences.partner_id,
    differences.record_id,
    differences.said,
    differences.batch_id,
    differences.other_partner_id,
    differences.other_record_id,
    differences.other_said,
    differences.other_batch_id
from differences
inner join days
    on differences.compared_on = days.date_day
