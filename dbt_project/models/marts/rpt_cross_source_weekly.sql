with vouchers as (
    select * from {{ ref('int_vouchers_reconciled') }}
),

days as (
    select * from {{ ref('int_days') }}
),

dated as (
    select
        coalesce(redeemed_at_partner_id, hospital_partner_id) as partner_id,
        coalesce(hospital_redeemed_on, mini_program_redeemed_on) as redeemed_on,
        redemption_agreement
    from vouchers
    where redemption_agreement <> 'unredeemed'
)

select
    dated.partner_id,
    days.week_id,
    count(*) as vouchers_compared,
    count(case when dated.redemption_agreement = 'agreed' then 1 end) as vouchers_agreed,
    count(case when dated.redemption_agreement = 'dates_differ' then 1 end) as vouchers_dates_differ,
    count(case when dated.redemption_agreement = 'hospital_only' then 1 end) as vouchers_hospital_only,
    count(case when dated.redemption_agreement = 'mini_program_only' then 1 end) as vouchers_mini_program_only,
    cast(
        cast(count(case when dated.redemption_agreement = 'agreed' then 1 end) as decimal(28, 10)) / count(*)
        as decimal(28, 10)
    ) as agreement_rate
from dated
inner join days
    on dated.redeemed_on = days.date_day
group by dated.partner_id, days.week_id
