with payments as (
    select * from {{ ref('stg_hardship_system__relief_payments') }}
),

spells as (
    select * from {{ ref('int_hardship_spells') }}
),

snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
),

known as (
    select
        partner_id,
        min(snapshot_on) as known_from
    from snapshots
    group by partner_id
),

covered as (
    select distinct
        payments.partner_id,
        payments.payment_id
    from payments
    inner join spells
        on
            payments.partner_id = spells.partner_id
            and payments.worker_key = spells.worker_key
            and payments.paid_on >= spells.started_on
            and payments.paid_on < coalesce(spells.ended_on, cast('9999-12-31' as date))
)

select
    payments.partner_id,
    payments.payment_id,
    payments.register_no,
    payments.worker_key,
    payments.organisation_code,
    payments.relief_kind,
    payments.amount_yuan,
    payments.goods_name,
    payments.paid_on,
    -- Before the first snapshot nobody can be looked up: the file that the payment names has to do.
    case
        when payments.paid_on >= known.known_from then covered.payment_id is not null
        else payments.register_no is not null
    end as is_on_register,
    payments.batch_id,
    payments.landed_at
from payments
left join known
    on payments.partner_id = known.partner_id
left join covered
    on
        payments.partner_id = covered.partner_id
        and payments.payment_id = covered.payment_id
