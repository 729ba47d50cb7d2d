{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker()) }}",
) }}

with sightings as (
    select * from {{ ref('int_worker_sightings') }}
    {{ only(is_changed_worker()) }}
),

spells as (
    select * from {{ ref('int_hardship_spells') }}
    {{ only(is_changed_worker()) }}
),

in_hardship as (
    select distinct worker_key
    from spells
    where ended_on is null
),

summed as (
    select
        worker_key,
        {{ latest('age_band', 'last_seen_on') }} as age_band,
        {{ latest('sex', 'last_seen_on') }} as sex,
        {{ latest('organisation_code', 'last_seen_on') }} as organisation_code,
        max(women) = 1 as is_in_womens_group,
        max(migrant) = 1 as is_migrant_worker,
        max(front_line) = 1 as is_front_line_worker,
        max(new_employment) = 1 as is_new_employment_worker,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on,
        cast(count(distinct partner_id) as integer) as systems,
        cast(count(distinct feed) as integer) as feeds
    from sightings
    group by worker_key
)

select
    summed.worker_key,
    summed.age_band,
    summed.sex,
    coalesce(summed.organisation_code, 'UNKNOWN') as organisation_code,
    coalesce(summed.sex = 'female', false) or summed.is_in_womens_group as is_woman_worker,
    summed.is_migrant_worker,
    summed.is_front_line_worker,
    in_hardship.worker_key is not null as is_in_hardship,
    summed.is_new_employment_worker,
    summed.first_seen_on,
    summed.last_seen_on,
    summed.systems,
    summed.feeds
from summed
left join in_hardship
    on summed.worker_key = in_hardship.worker_key
