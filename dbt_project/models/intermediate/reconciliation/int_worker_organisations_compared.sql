{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker()) }}",
) }}

with sightings as (
    select * from {{ ref('int_worker_sightings') }}
    {{ only(is_changed_worker()) }}
),

-- A register of hires names the union of the new employer, which may well be another: it contradicts nobody.
stated as (
    select
        worker_key,
        partner_id,
        {{ latest('organisation_code', 'last_seen_on') }} as organisation_code,
        max(last_seen_on) as last_seen_on
    from sightings
    where
        organisation_code is not null
        and feed <> 'employment_registrations'
    group by worker_key, partner_id
)

select
    stated.worker_key,
    stated.partner_id,
    stated.organisation_code,
    others.partner_id as other_partner_id,
    others.organisation_code as other_organisation_code,
    greatest(stated.last_seen_on, others.last_seen_on) as compared_on,
    case when stated.organisation_code = others.organisation_code then 'agreed' else 'differing' end as outcome
from stated
inner join stated as others
    on
        stated.worker_key = others.worker_key
        and stated.partner_id < others.partner_id
