with cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('int_organisations') }}
),

partners as (
    select * from {{ ref('int_partners') }}
),

projects as (
    select * from {{ ref('projects') }}
)

-- Scopes of one set add up to the city.
select
    'city' as scope_set,
    'city' as scope_type,
    code as scope_code,
    name_zh as scope_name_zh,
    name_en as scope_name_en,
    name_zh as scope_short_name_zh,
    name_en as scope_short_name_en,
    display_order as scope_order
from cities

union all

select
    'union' as scope_set,
    organisation_type as scope_type,
    organisation_code as scope_code,
    organisation_name_zh as scope_name_zh,
    organisation_name_en as scope_name_en,
    organisation_short_name_zh as scope_short_name_zh,
    organisation_short_name_en as scope_short_name_en,
    display_order as scope_order
from organisations

union all

select
    'partner' as scope_set,
    'partner' as scope_type,
    partner_id as scope_code,
    partner_name_zh as scope_name_zh,
    partner_name_en as scope_name_en,
    partner_short_name_zh as scope_short_name_zh,
    partner_name_en as scope_short_name_en,
    display_order as scope_order
from partners

union all

select
    'project' as scope_set,
    'project' as scope_type,
    project_id as scope_code,
    name_zh as scope_name_zh,
    name_en as scope_name_en,
    name_zh as scope_short_name_zh,
    name_en as scope_short_name_en,
    display_order as scope_order
from projects
