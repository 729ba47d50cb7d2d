with bases as (
    select * from {{ ref('int_quality_bases_weekly') }}
),

points_lost as (
    select * from {{ ref('int_quality_points_lost') }}
),

characteristics as (
    select * from {{ ref('quality_characteristics') }}
),

scopes as (
    select distinct
        'feed' as scope_type,
        partner_id,
        feed,
        week_id,
        characteristic_code
    from bases
    where base > 0 and feed <> ''

    union all

    select distinct
        'partner' as scope_type,
        partner_id,
        '' as feed,
        week_id,
        characteristic_code
    from bases
    where base > 0

    union all

    select distinct
        'city' as scope_type,
        '' as partner_id,
        '' as feed,
        week_id,
        characteristic_code
    from bases
    where base > 0
),

-- What there is nothing to judge by has no score, and no part in the whole.
judged as (
    select
        scopes.*,
        characteristics.weight
    from scopes
    inner join characteristics
        on scopes.characteristic_code = characteristics.characteristic_code
),

lost as (
    select
        scope_type,
        partner_id,
        feed,
        week_id,
        characteristic_code,
        sum(points_lost) as points_lost
    from points_lost
    group by scope_type, partner_id, feed, week_id, characteristic_code
)

select
    judged.scope_type,
    judged.partner_id,
    judged.feed,
    judged.week_id,
    judged.characteristic_code,
    judged.weight,
    cast(100 - coalesce(lost.points_lost, 0) as decimal(28, 6)) as score
from judged
left join lost
    on
        judged.scope_type = lost.scope_type
        and judged.partner_id = lost.partner_id
        and judged.feed = lost.feed
        and judged.week_id = lost.week_id
        and judged.characteristic_code = lost.characteristic_code
