with spells as (
    select * from {{ ref('int_hardship_spells') }}
)

select
    partner_id,
    register_no,
    spell_number,
    worker_key,
    organisation_code,
    hardship_category,
    special_group,
    started_on,
    first_seen_on,
    last_seen_on,
    ended_on,
    ended_on is null as is_open,
    {{ text('hardship_relief') }} as project_id,
    batch_id
from spells
