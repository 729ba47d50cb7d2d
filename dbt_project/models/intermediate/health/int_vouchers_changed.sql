{%- set period_in_base = '(select last_day from ' ~ in_base(ref('int_reporting_period')) ~ ')' -%}

with vouchers as (
    select * from {{ ref('stg_mini_program__vouchers') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

registered as (
    {{ changes_of(
        ref('stg_mini_program__vouchers'), is_changed('vouchers', ['partner_id', 'voucher_id'])
    ) | indent }}
),

redeeming as (
    {{ changes_of(
        ref('stg_hospital__health_services'), is_changed('health_services', ['partner_id', 'service_id'])
    ) | indent }}
),

-- What has expired since the base, or had then.
expired as (
    select vouchers.voucher_id
    from vouchers
    cross join period
    {{ where_changed(
        'vouchers.expires_on > least(period.last_day, ' ~ period_in_base ~ ')'
        ' and vouchers.expires_on <= greatest(period.last_day, ' ~ period_in_base ~ ')'
    ) }}
)

select voucher_id
from registered
union
select voucher_id
from redeeming
where voucher_id is not null
union
select voucher_id
from expired
