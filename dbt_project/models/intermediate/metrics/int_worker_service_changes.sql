{%- set columns = [
    'feed', 'partner_id', 'record_id', 'worker_key', 'organisation_code', 'served_on', 'project_id', 'batch_id', 'landed_at'
] -%}

with followed as (
    {{ changes_of(
        ref('fct_worker_services'),
        "feed = 'health_services' and " ~ is_changed('health_services', ['partner_id', 'record_id'])
    ) | indent }}
),

compared as (
    {{ differences(ref('fct_worker_services'), columns, "feed <> 'health_services'") | indent }}
)

select
    sign,
    {{ columns | join(',\n    ') }}
from followed

union all

select
    sign,
    {{ columns | join(',\n    ') }}
from compared
