with categories as (
    select * from {{ ref('service_categories') }}
)

select
    code as service_category,
    name_zh as service_category_zh,
    name_en as service_category_en,
    display_order
from categories
