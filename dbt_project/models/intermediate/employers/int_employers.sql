with sightings as (
    select * from {{ ref('int_employer_sightings') }}
)

select
    employer_credit_code,
    {{ latest('employer_name', 'last_seen_on') }} as employer_name,
    coalesce({{ latest('organisation_code', 'last_seen_on') }}, 'UNKNOWN') as organisation_code,
    min(first_seen_on) as first_seen_on,
    max(last_seen_on) as last_seen_on,
    cast(count(distinct feed) as integer) as feeds
from sightings
group by employer_credit_code
