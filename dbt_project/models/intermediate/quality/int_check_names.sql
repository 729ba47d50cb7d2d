with failed as (
    select * from {{ ref('stg_landing__checks_failed') }}
)

-- A steward may word a check anew: the last wording counts.
select
    check_id,
    {{ latest('what_zh', 'interval_end') }} as what_zh
from failed
group by check_id
