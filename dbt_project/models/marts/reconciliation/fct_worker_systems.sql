{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker()) }}",
) }}

with sightings as (
    select * from {{ ref('int_worker_sightings') }}
    {{ only(is_changed_worker()) }}
)

select
    worker_key,
    partner_id,
    min(first_seen_on) as first_seen_on,
    max(last_seen_on) as last_seen_on,
    cast(sum(records) as bigint) as records,
    {{ latest('organisation_code', 'last_seen_on') }} as organisation_code,
    {{ latest('age_band', 'last_seen_on') }} as age_band
from sightings
group by worker_key, partner_id
