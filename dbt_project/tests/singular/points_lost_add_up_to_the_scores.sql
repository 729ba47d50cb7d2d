-- What a score lacks of a hundred is what its causes took, of each characteristic and of the whole.
{{ config(
    meta={
        'what': '各项失分与得分之和为一百',
        'why': '说不清原因的失分无法整改',
        'dimension': '一致性',
    },
) }}

with scorecard as (
    select * from {{ ref('rpt_quality_scorecard') }}
),

points_lost as (
    select * from {{ ref('rpt_quality_points_lost') }}
),

lost as (
    select
        scope_type,
        partner_id,
        feed,
        week_id,
        characteristic_code,
        sum(points_lost) as points
    from points_lost
    group by scope_type, partner_id, feed, week_id, characteristic_code

    union all

    select
        scope_type,
        partner_id,
        feed,
        week_id,
        'overall' as characteristic_code,
        sum(overall_points_lost) as points
    from points_lost
    group by scope_type, partner_id, feed, week_id
)

select
    scorecard.scope_type,
    scorecard.partner_id,
    scorecard.feed,
    scorecard.week_id,
    scorecard.characteristic_code,
    scorecard.score,
    lost.points
from scorecard
left join lost
    on
        scorecard.scope_type = lost.scope_type
        and scorecard.partner_id = lost.partner_id
        and scorecard.feed = lost.feed
        and scorecard.week_id = lost.week_id
        and scorecard.characteristic_code = lost.characteristic_code
where abs(100 - scorecard.score - coalesce(lost.points, 0)) > 0.06
