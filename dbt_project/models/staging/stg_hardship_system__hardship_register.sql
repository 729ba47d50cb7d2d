{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed('hardship_register', ['partner_id', add_days('snapshot_on', 1)])) }}",
) }}

with source as (
    select * from {{ landed('hardship_register') }}
),

-- Rows released from quarantine land later than the delivery they belong to, and stand beside it.
delivered as (
    select
        *,
        min(_landed_at) over (partition by _partner, _interval_start, _interval_end) as delivered_at
    from source
),

-- Two intervals that end on the same day bring the same snapshot: the one delivered last stands, whole.
ranked as (
    select
        *,
        dense_rank() over (
            partition by _partner, _interval_end
            order by delivered_at desc, _interval_start desc
        ) as delivery_rank,
        row_number() over (
            partition by _partner, _interval_start, _interval_end, register_no
            order by _landed_at desc, _batch_id desc, _row_number desc
        ) as version_rank
    from delivered
)

select
    _partner as partner_id,
    {{ add_days('_interval_end', -1) }} as snapshot_on,
    register_no,
    worker_key,
    organisation_code,
    hardship_category,
    registered_on,
    special_group,
    updated_at,
    _batch_id as batch_id,
    _landed_at as landed_at
from ranked
where
    delivery_rank = 1
    and version_rank = 1
