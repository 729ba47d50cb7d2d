with spells as (
    select * from {{ ref('int_hardship_spells') }}
),

snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
),

register as (
    select * from {{ ref('stg_hardship_system__hardship_register') }}
),

changes as (
    select * from {{ ref('int_hardship_register_changes') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

known as (
    select
        partner_id,
        min(snapshot_on) as known_from
    from snapshots
    group by partner_id
),

-- A file moves with its union: it enters the one it had at first and leaves the one it had at last.
entered as (
    select
        spells.partner_id,
        spells.register_no,
        spells.spell_number,
        case
            when spells.first_seen_on = known.known_from and spells.started_on < period.first_week_start then 'opening'
            else 'entered'
        end as movement_type,
        spells.started_on as happened_on,
        1 as change,
        register.organisation_code,
        register.batch_id
    from spells
    inner join register
        on
            spells.partner_id = register.partner_id
            and spells.register_no = register.register_no
            and spells.first_seen_on = register.snapshot_on
    inner join known
        on spells.partner_id = known.partner_id
    cross join period
),

gone as (
    select
        partner_id,
        register_no,
        spell_number,
        'left' as movement_type,
        ended_on as happened_on,
        -1 as change,
        organisation_code,
        batch_id
    from spells
    where ended_on is not null
),

moved as (
    select
        changes.partner_id,
        changes.register_no,
        spells.spell_number,
        changes.snapshot_on as happened_on,
        changes.value_before,
        changes.value_after,
        spells.batch_id
    from changes
    inner join spells
        on
            changes.partner_id = spells.partner_id
            and changes.register_no = spells.register_no
            and changes.snapshot_on between spells.first_seen_on and spells.last_seen_on
    where changes.column_name = 'organisation_code'
),

movements as (
    select * from entered
    union all
    select * from gone
    union all
    select
        partner_id,
        register_no,
        spell_number,
        'moved_out' as movement_type,
        happened_on,
        -1 as change,
        value_before as organisation_code,
        batch_id
    from moved
    union all
    select
        partner_id,
        register_no,
        spell_number,
        'moved_in' as movement_type,
        happened_on,
        1 as change,
        value_after as organisation_code,
        batch_id
    from moved
)

select
    movements.partner_id,
    movements.register_no,
    movements.spell_number,
    movements.movement_type,
    movements.happened_on,
    -- Who had left before the first snapshot is not known, so nobody stands on the register before it either.
    greatest(movements.happened_on, known.known_from) as counted_on,
    movements.change,
    movements.organisation_code,
    spells.worker_key,
    spells.hardship_category,
    spells.special_group,
    movements.batch_id
from movements
inner join known
    on movements.partner_id = known.partner_id
inner join spells
    on
        movements.partner_id = spells.partner_id
        and movements.register_no = spells.register_no
        and movements.spell_number = spells.spell_number
