{%- set columns = 'partner_id, snapshot_on, previous_snapshot_on' -%}
{%- set changed_now = is_changed('hardship_register', ['partner_id', add_days('snapshot_on', 1)]) -%}
{%- set changed_before = is_changed('hardship_register', ['partner_id', add_days('previous_snapshot_on', 1)]) -%}

with snapshots as (
    select * from {{ ref('int_hardship_snapshots') }}
),

changed as (
    select {{ columns }}
    from snapshots
    {%- if is_on_base() %}
    where {{ changed_now }} or {{ changed_before }}

    union

    select {{ columns }}
    from {{ in_base(ref('int_hardship_snapshots')) }}
    where {{ changed_now }} or {{ changed_before }}
    {%- else %}
    where false
    {%- endif %}
)

select distinct
    partner_id,
    snapshot_on
from changed
