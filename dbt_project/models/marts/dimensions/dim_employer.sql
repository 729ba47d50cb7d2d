with employers as (
    select * from {{ ref('int_employers') }}
)

select
    employer_credit_code,
    employer_name,
    organisation_code,
    first_seen_on,
    last_seen_on,
    feeds
from employers
