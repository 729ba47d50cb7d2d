{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_snapshot()) }}",
) }}

{%- set compared = ['worker_key', 'organisation_code', 'hardship_category', 'registered_on', 'special_group'] -%}

with register as (
    select * from {{ ref('stg_hardship_system__hardship_register') }}
),

snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
    {{ only(is_changed_snapshot()) }}
),

-- Each row beside the one of the same file in the snapshot before; where there is none the worker has come.
paired as (
    select
        snapshots.partner_id,
        snapshots.snapshot_on,
        snapshots.previous_snapshot_on,
        register.register_no,
        earlier.register_no is null as has_come,
        earlier.worker_key as worker_key_before,
        register.worker_key as worker_key_after,
        earlier.organisation_code as organisation_code_before,
        register.organisation_code as organisation_code_after,
        earlier.hardship_category as hardship_category_before,
        register.hardship_category as hardship_category_after,
        earlier.registered_on as registered_on_before,
        register.registered_on as registered_on_after,
        earlier.special_group as special_group_before,
        register.special_group as special_group_after
    from snapshots
    inner join register
        on
            snapshots.partner_id = register.partner_id
            and snapshots.snapshot_on = register.snapshot_on
    left join register as earlier
        on
            snapshots.partner_id = earlier.partner_id
            and snapshots.previous_snapshot_on = earlier.snapshot_on
            and register.register_no = earlier.register_no
    where snapshots.previous_snapshot_on is not null
),

came as (
    select
        partner_id,
        snapshot_on,
        previous_snapshot_on,
        register_no,
        'came' as change_type,
        '' as column_name,
        cast(null as {{ dbt.type_string() }}) as value_before,
        cast(null as {{ dbt.type_string() }}) as value_after,
        worker_key_after as worker_key,
        organisation_code_after as organisation_code
    from paired
    where has_come
),

gone as (
    select
        snapshots.partner_id,
        snapshots.snapshot_on,
        snapshots.previous_snapshot_on,
        earlier.register_no,
        'left' as change_type,
        '' as column_name,
        cast(null as {{ dbt.type_string() }}) as value_before,
        cast(null as {{ dbt.type_string() }}) as value_after,
        earlier.worker_key,
        earlier.organisation_code
    from snapshots
    inner join register as earlier
        on
            snapshots.partner_id = earlier.partner_id
            and snapshots.previous_snapshot_on = earlier.snapshot_on
    left join register
        on
            snapshots.partner_id = register.partner_id
            and snapshots.snapshot_on = register.snapshot_on
            and earlier.register_no = register.register_no
    where register.register_no is null
),

changed as (
    {%- for column in compared %}
    select
        partner_id,
        snapshot_on,
        previous_snapshot_on,
        register_no,
        'changed' as change_type,
        '{{ column }}' as column_name,
        cast({{ column }}_before as {{ dbt.type_string() }}) as value_before,
        cast({{ column }}_after as {{ dbt.type_string() }}) as value_after,
        worker_key_after as worker_key,
        organisation_code_after as organisation_code
    from paired
    where
        not has_come
        and {{ column }}_before is distinct from {{ column }}_after
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from came
union all
select * from gone
union all
select * from changed
