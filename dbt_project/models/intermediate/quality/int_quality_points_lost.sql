with faults as (
    select * from {{ ref('int_quality_faults_weekly') }}
),

bases as (
    select * from {{ ref('int_quality_bases_weekly') }}
),

scopes as (
    select 'feed' as scope_type
    union all
    select 'partner' as scope_type
    union all
    select 'city' as scope_type
),

-- A partner and the city are judged by sums of what is counted, never by an average of scores.
scoped_faults as (
    select
        scopes.scope_type,
        case when scopes.scope_type = 'city' then '' else faults.partner_id end as partner_id,
        case when scopes.scope_type = 'feed' then faults.feed else '' end as feed,
        faults.week_id,
        faults.characteristic_code,
        faults.deduction,
        faults.basis,
        faults.factor,
        faults.cause,
        case when scopes.scope_type = 'feed' then faults.column_name else '' end as column_name,
        cast(sum(faults.quantity) as bigint) as quantity
    from faults
    cross join scopes
    where scopes.scope_type <> 'feed' or faults.feed <> ''
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

scoped_bases as (
    select
        scopes.scope_type,
        case when scopes.scope_type = 'city' then '' else bases.partner_id end as partner_id,
        case when scopes.scope_type = 'feed' then bases.feed else '' end as feed,
        bases.week_id,
        bases.characteristic_code,
        bases.basis,
        cast(sum(bases.base) as bigint) as base
    from bases
    cross join scopes
    where scopes.scope_type <> 'feed' or bases.feed <> ''
    group by 1, 2, 3, 4, 5, 6
),

shares as (
    select
        scoped_faults.*,
        scoped_bases.base,
        cast(
            100 * scoped_faults.factor * cast(scoped_faults.quantity as decimal(28, 10)) / scoped_bases.base
            as decimal(28, 6)
        ) as points
    from scoped_faults
    inner join scoped_bases
        on
            scoped_faults.basis = scoped_bases.basis
            and scoped_faults.characteristic_code = scoped_bases.characteristic_code
            and scoped_faults.scope_type = scoped_bases.scope_type
            and scoped_faults.partner_id = scoped_bases.partner_id
            and scoped_faults.feed = scoped_bases.feed
            and scoped_faults.week_id = scoped_bases.week_id
    where scoped_bases.base > 0
),

totalled as (
    select
        *,
        sum(points) over (
            partition by scope_type, partner_id, feed, week_id, characteristic_code
        ) as total_points
    from shares
)

-- A characteristic has no more than a hundred points to lose: beyond it, causes share them.
select
    scope_type,
    partner_id,
    feed,
    week_id,
    characteristic_code,
    deduction,
    cause,
    column_name,
    quantity,
    basis,
    base,
    cast(
        case when total_points > 100 then points * 100 / total_points else points end as decimal(28, 6)
    ) as points_lost
from totalled
