{%- set smallest = var('smallest_published_cell') -%}

with weekly as (
    select * from {{ ref('int_measure_weekly') }}
),

metric_persons as (
    select distinct persons_measure_id from {{ ref('int_metric_persons') }}
),

category_cells as (
    select * from {{ ref('int_service_category_weekly') }}
),

-- A measure of one project is the city's figure, which is published as it is.
shared_by_projects as (
    select measure_id
    from weekly
    where scope_set = 'project' and amount > 0
    group by measure_id
    having count(distinct scope_code) > 1
),

-- Cells of one set add up to a figure that is published, week by week.
cells as (
    select
        weekly.measure_id || '/' || weekly.scope_set as cell_set,
        weekly.scope_code as cell_code,
        weekly.week_start,
        cast(weekly.amount as bigint) as persons,
        cast(weekly.year_to_date as bigint) as cumulative_persons
    from weekly
    inner join metric_persons
        on weekly.measure_id = metric_persons.persons_measure_id
    where
        weekly.scope_set in ('union', 'partner')
        or (
            weekly.scope_set = 'project'
            and weekly.measure_id in (select shared_by_projects.measure_id from shared_by_projects)
        )

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
