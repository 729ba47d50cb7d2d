{#-
    An incremental build goes on from a copy of the build before it, the base, which is attached to be read. The schema
    `changed` then holds the keys of the records of each feed that have to be looked at again; every other record counts
    as it did in the base. Without that schema everything is made anew.
-#}

{#- Whether this build goes on from a base. -#}
{% macro is_on_base() %}
    {{- return(execute and adapter.get_relation(target.database, 'changed', 'base') is not none) -}}
{% endmacro %}

{#- A relation as it is in the base. -#}
{% macro in_base(relation) -%}
    base.{{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}

{#- Keys of the records of a feed that have to be looked at again. -#}
{% macro changed(feed) -%}
    changed.{{ feed }}
{%- endmacro %}

{#- Whether a record of a feed has to be looked at again. Columns: what holds its partner, and its key. -#}
{% macro is_changed(feed, columns) -%}
    ({{ columns | join(', ') }}) in (select * from {{ changed(feed) }})
{%- endmacro %}

{#- The landed rows of a feed that its staging looks at: on a base every version of the records that have to be looked
    at again, which are laid out beforehand. -#}
{% macro landed(feed) -%}
    {{ 'changed.' ~ feed ~ '_rows' if is_on_base() else source('landing', feed) }}
{%- endmacro %}

{#- WHERE clause of an incremental model's parents: on a base, only what meets the condition. -#}
{% macro only(condition) -%}
    {{ 'where ' ~ condition if is_on_base() }}
{%- endmacro %}

{#- Pre-hook of an incremental model: take out what the model puts in again, everything without a base. -#}
{% macro take_out(condition) %}
    {%- if is_incremental() -%}
        delete from {{ this }}{{ ' where ' ~ condition if is_on_base() }}
    {%- endif -%}
{% endmacro %}

{#- Facts whose rows are taken over from the base, and the model that holds those that changed. -#}
{% macro facts_with_changes() %}
    {{- return({
        'fct_health_appointments': 'int_health_appointment_changes',
        'fct_health_services': 'int_health_service_changes',
        'fct_voucher_events': 'int_voucher_event_changes',
        'fct_voucher_movements': 'int_voucher_movement_changes',
        'fct_worker_services': 'int_worker_service_changes',
    }) -}}
{% endmacro %}

{#- WHERE clause of what is of use to incremental builds alone: without a base nothing meets the condition. -#}
{% macro where_changed(condition) -%}
    where {{ condition if is_on_base() else 'false' }}
{%- endmacro %}

{#- The rows of a relation that meet a condition, with sign 1, and those that did in the base, with sign -1. -#}
{% macro changes_of(relation, condition) -%}
select
    1 as sign,
    *
from {{ relation }}
{{ where_changed(condition) }}
{%- if is_on_base() %}

union all

select
    -1 as sign,
    *
from {{ in_base(relation) }}
where {{ condition }}
{%- endif %}
{%- endmacro %}

{#- The same for rows that have no keys to be followed by: of those that meet a condition, the ones that differ. -#}
{% macro differences(relation, columns, condition) -%}
{%- if is_on_base() -%}
{%- for sign, here, there in [(1, relation, in_base(relation)), (-1, in_base(relation), relation)] %}
select
    {{ sign }} as sign,
    {{ columns | join(',\n    ') }}
from (
    select {{ columns | join(', ') }}
    from {{ here }}
    where {{ condition }}
    except
    select {{ columns | join(', ') }}
    from {{ there }}
    where {{ condition }}
) as differing_{{ loop.index }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- else -%}
select
    1 as sign,
    {{ columns | join(',\n    ') }}
from {{ relation }}
where false
{%- endif %}
{%- endmacro %}

{#- Whether a voucher has to be looked at again: itself, the service that redeems it, or its expiry has changed. -#}
{% macro is_changed_voucher(column='voucher_id') -%}
    {{ column }} in (select voucher_id from {{ ref('int_vouchers_changed') }})
{%- endmacro %}

{#- Whether a service to a worker is not what it was. -#}
{% macro is_changed_worker_service() -%}
    (feed, partner_id, record_id) in (
        select
            feed,
            partner_id,
            record_id
        from {{ ref('int_worker_service_changes') }}
    )
{%- endmacro %}

{#- Whether a feed may tell something else of a worker than it did. -#}
{% macro is_seen_again() -%}
    worker_key in (select worker_key from {{ ref('int_workers_seen_again') }})
{%- endmacro %}

{#- Whether something else may be known of a worker than was. -#}
{% macro is_changed_worker() -%}
    worker_key in (select worker_key from {{ ref('int_workers_changed') }})
{%- endmacro %}

{#- Differences are followed by the voucher or the worker they are about; those of hires are few and put in anew. -#}
{% macro is_changed_difference() -%}
    (
        kind = 'hire'
        or (kind = 'voucher_redemption' and {{ is_changed_voucher('comparison_id') }})
        or (kind = 'worker_attribute' and {{ is_changed_worker() }})
    )
{%- endmacro %}

{#- Whether a snapshot of the register, or the one it is compared with, has changed. -#}
{% macro is_changed_snapshot() -%}
    (partner_id, snapshot_on) in (
        select
            partner_id,
            snapshot_on
        from {{ ref('int_hardship_snapshots_changed') }}
    )
{%- endmacro %}

{#- The condition that a `grain` test names: a feed, by its key; vouchers, workers, their sightings, services to them. -#}
{% macro is_followed(by, columns) -%}
    {%- if by == 'voucher' -%}
        voucher_id in (select voucher_id from {{ relation_of('int_vouchers_changed') }})
    {%- elif by == 'worker' -%}
        worker_key in (select worker_key from {{ relation_of('int_workers_changed') }})
    {%- elif by == 'sighting' -%}
        worker_key in (select worker_key from {{ relation_of('int_workers_seen_again') }})
    {%- elif by == 'worker_service' -%}
        (feed, partner_id, record_id) in (
            select
                feed,
                partner_id,
                record_id
            from {{ relation_of('int_worker_service_changes') }}
        )
    {%- else -%}
        {{ is_changed(by, columns) }}
    {%- endif -%}
{%- endmacro %}

{#- An intermediate model, for tests, which cannot depend on another model than their own. -#}
{% macro relation_of(model) -%}
    {{ adapter.get_relation(target.database, 'intermediate', model) }}
{%- endmacro %}
