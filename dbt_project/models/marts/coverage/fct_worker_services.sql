{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker_service()) }}",
) }}

with services as (
    {%- if is_on_base() %}
    select * from {{ ref('int_worker_service_changes') }}
    where sign = 1
    {%- else %}
    {{ worker_services(is_linked=false) | indent }}
    union all
    {{ worker_services(is_linked=true) | indent }}
    {%- endif %}
)

select
    feed,
    partner_id,
    record_id,
    worker_key,
    organisation_code,
    served_on,
    project_id,
    batch_id,
    landed_at
from services
