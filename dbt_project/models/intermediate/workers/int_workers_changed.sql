with seen_again as (
    select * from {{ ref('int_workers_seen_again') }}
),

in_hardship as (
    {{ differences(ref('int_hardship_spells'), ['worker_key'], 'ended_on is null') | indent }}
)

select worker_key
from seen_again
union
select worker_key
from in_hardship
