with register as (
    select * from {{ ref('stg_hardship_system__hardship_register') }}
),

snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
),

changes as (
    select * from {{ ref('int_hardship_register_changes') }}
),

period_of_snapshots as (
    select
        partner_id,
        min(snapshot_on) as first_snapshot_on,
        max(snapshot_on) as last_snapshot_on
    from snapshots
    group by partner_id
),

-- Whom the first snapshot holds has come with it.
came as (
    select
        register.partner_id,
        register.register_no,
        register.snapshot_on as first_seen_on
    from register
    inner join period_of_snapshots
        on
            register.partner_id = period_of_snapshots.partner_id
            and register.snapshot_on = period_of_snapshots.first_snapshot_on

    union all

    select
        partner_id,
        register_no,
        snapshot_on as first_seen_on
    from changes
    where change_type = 'came'
),

numbered as (
    select
        *,
        row_number() over (partition by partner_id, register_no order by first_seen_on) as spell_number
    from came
),

gone as (
    select
        partner_id,
        register_no,
        previous_snapshot_on as last_seen_on,
        snapshot_on as ended_on,
        row_number() over (partition by partner_id, register_no order by snapshot_on) as spell_number
    from changes
    where change_type = 'left'
),

-- A file leaves as often as it came, or once less: then it is there still.
spells as (
    select
        numbered.partner_id,
        numbered.register_no,
        numbered.spell_number,
        numbered.first_seen_on,
        coalesce(gone.last_seen_on, period_of_snapshots.last_snapshot_on) as last_seen_on,
        gone.ended_on,
        before.last_seen_on as previously_seen_on
    from numbered
    inner join period_of_snapshots
        on numbered.partner_id = period_of_snapshots.partner_id
    left join gone
        on
            numbered.partner_id = gone.partner_id
            and numbered.register_no = gone.register_no
            and numbered.spell_number = gone.spell_number
    left join gone as before
        on
            numbered.partner_id = before.partner_id
            and numbered.register_no = before.register_no
            and numbered.spell_number = before.spell_number + 1
)

select
    spells.partner_id,
    spells.register_no,
    cast(spells.spell_number as integer) as spell_number,
    register.worker_key,
    register.organisation_code,
    register.hardship_category,
    register.special_group,
    -- The file's own date, unless it belongs to the spell before or lies behind the first snapshot.
    case
        when register.registered_on > spells.first_seen_on then spells.first_seen_on
        when register.registered_on <= spells.previously_seen_on then spells.first_seen_on
        else register.registered_on
    end as started_on,
    spells.first_seen_on,
    spells.last_seen_on,
    spells.ended_on,
    register.batch_id
from spells
inner join register
    on
        spells.partner_id = register.partner_id
        and spells.register_no = register.register_no
        and spells.last_seen_on = register.snapshot_on
