with targets as (
    select * from {{ ref('targets') }}
),

cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('organisations') }}
),

members as (
    select * from {{ ref('organisation_members') }}
),

city_targets as (
    select targets.*
    from targets
    inner join cities
        on targets.organisation_code = cities.code
),

union_targets as (
    select targets.*
    from targets
    inner join organisations
        on targets.organisation_code = organisations.code
),

to_be_split as (
    select
        city_targets.metric_id,
        city_targets.year,
        city_targets.target
    from city_targets
    left join union_targets
        on
            city_targets.metric_id = union_targets.metric_id
            and city_targets.year = union_targets.year
    where
        city_targets.target_kind = 'total'
        and union_targets.metric_id is null
),

-- Whole numbers throughout, so that the shares add up whatever the engine makes of a division.
weighed as (
    select
        to_be_split.metric_id,
        to_be_split.year,
        members.organisation_code,
        cast(to_be_split.target as bigint) as city_target,
        cast(to_be_split.target as bigint) * cast(members.members as bigint) as weighted,
        cast(
            sum(members.members) over (partition by to_be_split.metric_id, to_be_split.year) as bigint
        ) as all_members
    from to_be_split
    inner join members
        on to_be_split.year = members.year
    where members.members > 0
),

-- Largest remainder: everyone's whole share, then one each to those who lost most by the rounding.
shared as (
    select
        metric_id,
        year,
        organisation_code,
        city_target,
        cast((weighted - mod(weighted, all_members)) / all_members as bigint) as whole_share,
        row_number() over (
            partition by metric_id, year
            order by mod(weighted, all_members) desc, organisation_code
        ) as remainder_rank
    from weighed
),

split as (
    select
        metric_id,
        year,
        organisation_code,
        whole_share
        + case
            when remainder_rank <= city_target - sum(whole_share) over (partition by metric_id, year) then 1
            else 0
        end as target
    from shared
),

-- A rate to hold is held by every union alike.
held as (
    select
        city_targets.metric_id,
        city_targets.year,
        organisations.code as organisation_code,
        city_targets.target
    from city_targets
    cross join organisations
    left join union_targets
        on
            city_targets.metric_id = union_targets.metric_id
            and city_targets.year = union_targets.year
            and organisations.code = union_targets.organisation_code
    where
        city_targets.target_kind = 'minimum_rate'
        and union_targets.metric_id is null
)

select
    metric_id,
    year,
    organisation_code as scope_code,
    target_kind,
    cast(target as decimal(14, 2)) as target,
    'set' as origin
from targets

union all

select
    metric_id,
    year,
    organisation_code as scope_code,
    'total' as target_kind,
    cast(target as decimal(14, 2)) as target,
    'split_by_members' as origin
from split

union all

select
    metric_id,
    year,
    organisation_code as scope_code,
    'minimum_rate' as target_kind,
    cast(target as decimal(14, 2)) as target,
    'held_by_every_union' as origin
from held
