{%- set columns = [
    'feed', 'partner_id', 'worker_key', 'first_seen_on', 'last_seen_on', 'records', 'organisation_code', 'age_band', 'sex',
    'women', 'migrant', 'front_line', 'new_employment'
] -%}

with seen_again as (
    select * from {{ ref('int_workers_seen_again') }}
),

sightings as (
    {{ differences(ref('int_worker_sightings'), columns, 'feed not in (' ~ large_feeds() ~ ')') | indent }}
),

in_hardship as (
    {{ differences(ref('int_hardship_spells'), ['worker_key'], 'ended_on is null') | indent }}
)

select worker_key
from seen_again
union
select worker_key
from sightings
union
select worker_key
from in_hardship
