with movements as (
    select * from {{ ref('int_hardship_movements') }}
)

select
    partner_id,
    register_no,
    spell_number,
    movement_type,
    happened_on,
    counted_on,
    change,
    organisation_code,
    worker_key,
    hardship_category,
    special_group,
    {{ text('hardship_relief') }} as project_id,
    batch_id
from movements
