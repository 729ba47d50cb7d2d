with redemptions as (
    select * from {{ ref('int_redemptions_compared') }}
),

hires as (
    select * from {{ ref('int_hires_compared') }}
),

organisations as (
    select * from {{ ref('int_worker_organisations_compared') }}
)

select
    'voucher_redemption' as kind,
    partner_id,
    other_partner_id,
    compared_on,
    outcome,
    count(*) as comparisons
from redemptions
group by partner_id, other_partner_id, compared_on, outcome

union all

select
    'hire' as kind,
    partner_id,
    other_partner_id,
    compared_on,
    outcome,
    count(*) as comparisons
from hires
group by partner_id, other_partner_id, compared_on, outcome

union all

select
    'worker_attribute' as kind,
    partner_id,
    other_partner_id,
    compared_on,
    outcome,
    count(*) as comparisons
from organisations
group by partner_id, other_partner_id, compared_on, outcome
