with register as (
    select * from {{ ref('stg_hardship_system__hardship_register') }}
),

snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
),

-- Snapshots in a row that hold a worker: their numbers less the worker's own count stay the same.
placed as (
    select
        register.*,
        snapshots.next_snapshot_on,
        snapshots.snapshot_number - row_number() over (
            partition by register.partner_id, register.register_no
            order by register.snapshot_on
        ) as run_number
    from register
    inner join snapshots
        on
            register.partner_id = snapshots.partner_id
            and register.snapshot_on = snapshots.snapshot_on
),

runs as (
    select
        partner_id,
        register_no,
        run_number,
        min(snapshot_on) as first_seen_on,
        max(snapshot_on) as last_seen_on
    from placed
    group by partner_id, register_no, run_number
),

ordered as (
    select
        *,
        row_number() over (partition by partner_id, register_no order by first_seen_on) as spell_number,
        lag(last_seen_on) over (partition by partner_id, register_no order by first_seen_on) as previously_seen_on
    from runs
)

select
    ordered.partner_id,
    ordered.register_no,
    cast(ordered.spell_number as integer) as spell_number,
    placed.worker_key,
    placed.organisation_code,
    placed.hardship_category,
    placed.special_group,
    -- The file's own date, unless it belongs to the spell before or lies behind the first snapshot.
    case
        when placed.registered_on > ordered.first_seen_on then ordered.first_seen_on
        when placed.registered_on <= ordered.previously_seen_on then ordered.first_seen_on
        else placed.registered_on
    end as started_on,
    ordered.first_seen_on,
    ordered.last_seen_on,
    placed.next_snapshot_on as ended_on,
    placed.batch_id
from ordered
inner join placed
    on
        ordered.partner_id = placed.partner_id
        and ordered.register_no = placed.register_no
        and ordered.last_seen_on = placed.snapshot_on
