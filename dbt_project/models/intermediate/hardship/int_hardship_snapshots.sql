with register as (
    select * from {{ ref('stg_hardship_system__hardship_register') }}
),

snapshots as (
    select
        partner_id,
        snapshot_on,
        count(*) as files,
        count(distinct worker_key) as persons
    from register
    group by partner_id, snapshot_on
)

-- The snapshot before is the one that landed before: a night that never came is stepped over.
select
    partner_id,
    snapshot_on,
    cast(row_number() over (partition by partner_id order by snapshot_on) as integer) as snapshot_number,
    lag(snapshot_on) over (partition by partner_id order by snapshot_on) as previous_snapshot_on,
    lead(snapshot_on) over (partition by partner_id order by snapshot_on) as next_snapshot_on,
    files,
    persons
from snapshots
