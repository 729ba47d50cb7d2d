with scores as (
    select * from {{ ref('int_quality_scores') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

grades as (
    select
        *,
        lead(at_least) over (order by at_least) as below
    from {{ ref('quality_grades') }}
),

with_whole as (
    select
        scope_type,
        partner_id,
        feed,
        week_id,
        characteristic_code,
        weight,
        score
    from scores

    union all

    select
        scope_type,
        partner_id,
        feed,
        week_id,
        'overall' as characteristic_code,
        cast(sum(weight) as integer) as weight,
        sum(weight * score) / sum(weight) as score
    from scores
    group by scope_type, partner_id, feed, week_id
),

-- The grade goes by the score as it is printed.
dated as (
    select
        with_whole.scope_type,
        with_whole.partner_id,
        with_whole.feed,
        with_whole.week_id,
        with_whole.characteristic_code,
        with_whole.weight,
        weeks.week_start,
        cast(with_whole.score as decimal(5, 1)) as score
    from with_whole
    inner join weeks
        on with_whole.week_id = weeks.week_id
)

select
    dated.scope_type,
    dated.partner_id,
    dated.feed,
    dated.week_id,
    dated.week_start,
    dated.characteristic_code,
    dated.weight,
    dated.score,
    grades.grade,
    grades.grade_zh,
    grades.grade_en,
    before.score as previous_score,
    cast(dated.score - before.score as decimal(5, 1)) as change
from dated
inner join grades
    on
        dated.score >= grades.at_least
        and (dated.score < grades.below or grades.below is null)
left join dated as before
    on
        dated.scope_type = before.scope_type
        and dated.partner_id = before.partner_id
        and dated.feed = before.feed
        and dated.characteristic_code = before.characteristic_code
        -- A whole of other parts is no measure for this one.
        and dated.weight = before.weight
        and dated.week_start = {{ add_days('before.week_start', 7) }}
