with movements as (
    select * from {{ ref('int_union_member_movements') }}
)

select
    -- The federation's own figures: the city stands where other facts have a partner and a project.
    city_code as partner_id,
    organisation_code,
    city_code as project_id,
    year,
    valid_from,
    members,
    members_added,
    women_members,
    women_members_added,
    migrant_members,
    migrant_members_added,
    new_employment_members,
    new_employment_members_added,
    source_zh
from movements
