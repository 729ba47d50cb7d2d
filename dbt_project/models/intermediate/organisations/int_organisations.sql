with organisations as (
    select * from {{ ref('organisations') }}
)

select
    code as organisation_code,
    name_zh as organisation_name_zh,
    short_name_zh as organisation_short_name_zh,
    name_en as organisation_name_en,
    short_name_en as organisation_short_name_en,
    organisation_type,
    gb_code,
    display_order
from organisations

union all

-- Not in the code list that contracts check against: a partner may leave a union out, but not name this one.
select
    {{ text('UNKNOWN') }} as organisation_code,
    {{ text('未注明单位') }} as organisation_name_zh,
    {{ text('未注明单位') }} as organisation_short_name_zh,
    {{ text('Union not stated') }} as organisation_name_en,
    {{ text('Union not stated') }} as organisation_short_name_en,
    {{ text('unknown') }} as organisation_type,
    {{ text(none) }} as gb_code,
    99 as display_order
