with vouchers as (
    select * from {{ ref('int_vouchers_reconciled') }}
),

redemptions as (
    select * from {{ ref('int_voucher_redemptions') }}
),

services as (
    select * from {{ ref('int_health_services_marked') }}
),

outreach as (
    select * from {{ ref('int_outreach_events_marked') }}
)

{{ metric_rows(
    'vouchers_issued',
    relation='vouchers',
    feed='vouchers',
    record_id='voucher_id',
    event_date='issued_on',
    partner='hospital_partner_id'
) }}

union all

{{ metric_rows(
    'vouchers_redeemed',
    relation='redemptions',
    feed='health_services',
    record_id='service_id',
    event_date='redeemed_on',
    person='worker_key'
) }}

union all

{{ metric_rows(
    'voucher_redemption_rate',
    relation='vouchers',
    feed='vouchers',
    record_id='voucher_id',
    event_date='issued_on',
    numerator='0',
    denominator='1',
    partner='hospital_partner_id'
) }}

union all

{{ metric_rows(
    'voucher_redemption_rate',
    relation='redemptions',
    feed='health_services',
    record_id='voucher_id',
    event_date='redeemed_on',
    numerator='1',
    denominator='0'
) }}

union all

{{ metric_rows(
    'outreach_organisations',
    relation='outreach',
    feed='outreach_events',
    record_id='event_id',
    event_date='event_date',
    where='is_first_of_year'
) }}

union all

{{ metric_rows(
    'health_person_times',
    relation='services',
    feed='health_services',
    record_id='service_id',
    event_date='service_date',
    person='worker_key'
) }}

union all

{{ metric_rows(
    'health_persons',
    relation='services',
    feed='health_services',
    record_id='service_id',
    event_date='service_date',
    person='worker_key'
) }}
