with categories_weekly as (
    select * from {{ ref('int_service_category_weekly') }}
),

partners as (
    select * from {{ ref('int_partners') }}
),

categories as (
    select * from {{ ref('service_categories') }}
),

suppressed as (
    select * from {{ ref('int_suppressed_cells') }}
),

-- Where a hospital's total is not published, its categories must not add up to it.
masked as (
    select
        categories_weekly.*,
        cells.cell_code is not null or totals.cell_code is not null as is_suppressed
    from categories_weekly
    left join suppressed as cells
        on
            'service_category/' || categories_weekly.partner_id = cells.cell_set
            and categories_weekly.service_category = cells.cell_code
            and categories_weekly.week_start = cells.week_start
    left join suppressed as totals
        on
            totals.cell_set = 'health_persons/partner'
            and categories_weekly.partner_id = totals.cell_code
            and categories_weekly.week_start = totals.week_start
)

select
    masked.partner_id,
    partners.partner_name_zh,
    partners.partner_name_en,
    masked.service_category,
    categories.name_zh as service_category_zh,
    categories.name_en as service_category_en,
    categories.display_order as service_category_order,
    masked.week_id,
    case when not masked.is_suppressed then masked.person_times end as person_times,
    case when not masked.is_suppressed then masked.cumulative_person_times end as cumulative_person_times,
    masked.is_suppressed
from masked
inner join partners
    on masked.partner_id = partners.partner_id
inner join categories
    on masked.service_category = categories.code
