{%- set smallest = var('smallest_published_cell') -%}

with metric_cells as (
    select * from {{ ref('int_metric_weekly') }}
    where counts_people and scope_type <> 'city'
),

category_cells as (
    select * from {{ ref('int_service_category_weekly') }}
),

-- Cells of one set add up to a figure that is published, week by week.
cells as (
    select
        metric_id || '/' || scope_type as cell_set,
        scope_code as cell_code,
        week_start,
        persons,
        cumulative_persons
    from metric_cells

    union all

    select
        'service_category/' || partner_id as cell_set,
        service_category as cell_code,
        week_start,
        persons,
        cumulative_persons
    from category_cells
),

classified as (
    select
        *,
        persons between 1 and {{ smallest - 1 }}
        or cumulative_persons between 1 and {{ smallest - 1 }} as is_small,
        max(persons) over (partition by cell_set, cell_code) > 0 as can_hide_another
    from cells
),

-- Complementary cells: the smallest ones first, a zero only for want of any other.
ordered as (
    select
        *,
        sum(case when is_small then 1 else 0 end) over (partition by cell_set, week_start) as small_cells,
        sum(case when is_small then persons else 0 end) over (partition by cell_set, week_start) as small_persons,
        row_number() over (
            partition by cell_set, week_start, is_small, can_hide_another
            order by case when persons > 0 then 0 else 1 end, persons, cell_code
        ) - 1 as cells_before,
        coalesce(
            sum(persons) over (
                partition by cell_set, week_start, is_small, can_hide_another
                order by case when persons > 0 then 0 else 1 end, persons, cell_code
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as persons_before
    from classified
),

hidden as (
    select
        cell_set,
        cell_code,
        week_start,
        is_small,
        is_small or (
            small_cells > 0
            and can_hide_another
            and (
                small_cells + cells_before < 2
                or (persons > 0 and small_persons + persons_before < {{ smallest }})
            )
        ) as is_hidden
    from ordered
),

-- The year to date of the following week less its own value would give a single hidden week away.
carried as (
    select
        *,
        coalesce(
            lag(is_hidden) over (partition by cell_set, cell_code order by week_start),
            false
        ) as was_hidden
    from hidden
)

select
    cell_set,
    cell_code,
    week_start,
    case
        when is_small then 'small'
        when is_hidden then 'complementary'
        else 'following_week'
    end as reason
from carried
where is_hidden or was_hidden
