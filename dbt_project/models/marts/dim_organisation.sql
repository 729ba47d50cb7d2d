with cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('organisations') }}
)

select
    code as organisation_code,
    federation_name_zh as organisation_name_zh,
    name_zh as organisation_short_name_zh,
    name_en || ' Federation of Trade Unions' as organisation_name_en,
    'city' as organisation_type,
    code as gb_code,
    0 as display_order
from cities

union all

select
    code as organisation_code,
    name_zh as organisation_name_zh,
    short_name_zh as organisation_short_name_zh,
    name_en as organisation_name_en,
    organisation_type,
    gb_code,
    display_order
from organisations
