with cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('organisations') }}
),

partners as (
    select * from {{ ref('int_partners') }}
)

select
    'city' as scope_type,
    code as scope_code,
    name_zh as scope_name_zh,
    name_zh as scope_short_name_zh,
    display_order as scope_order
from cities

union all

select
    'organisation' as scope_type,
    code as scope_code,
    name_zh as scope_name_zh,
    short_name_zh as scope_short_name_zh,
    display_order as scope_order
from organisations

union all

select
    'partner' as scope_type,
    partner_id as scope_code,
    partner_name_zh as scope_name_zh,
    partner_short_name_zh as scope_short_name_zh,
    display_order as scope_order
from partners
