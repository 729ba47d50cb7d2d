with versions as (
    select * from {{ ref('int_organisation_versions') }}
)

select
    organisation_key,
    organisation_code,
    organisation_name_zh,
    organisation_short_name_zh,
    organisation_name_en,
    organisation_type,
    gb_code,
    valid_from,
    valid_until,
    is_current,
    display_order
from versions
