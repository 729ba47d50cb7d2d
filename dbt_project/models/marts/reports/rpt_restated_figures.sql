with restated as (
    select * from {{ ref('int_metric_restated') }}
),

causes as (
    select
        printed_build_id,
        metric_id,
        scope_type,
        scope_code,
        week_id,
        sum(case when change = 'added' then 1 else 0 end) as batches_added,
        sum(case when change = 'removed' then 1 else 0 end) as batches_removed,
        sum(case when change = 'possible' then 1 else 0 end) as batches_possible
    from {{ ref('int_metric_restatement_batches') }}
    group by printed_build_id, metric_id, scope_type, scope_code, week_id
)

select
    restated.issue_week,
    restated.edition,
    restated.metric_id,
    restated.scope_type,
    restated.scope_code,
    restated.week_id,
    restated.figure,
    restated.printed_text,
    restated.printed_value,
    restated.current_value,
    cast(restated.current_value - restated.printed_value as decimal(28, 10)) as difference,
    restated.is_suppressed,
    cast(coalesce(causes.batches_added, 0) as integer) as batches_added,
    cast(coalesce(causes.batches_removed, 0) as integer) as batches_removed,
    cast(coalesce(causes.batches_possible, 0) as integer) as batches_possible,
    restated.printed_build_id,
    restated.printed_as_of,
    restated.printed_at
from restated
left join causes
    on
        restated.printed_build_id = causes.printed_build_id
        and restated.metric_id = causes.metric_id
        and restated.scope_type = causes.scope_type
        and restated.scope_code = causes.scope_code
        and restated.week_id = causes.week_id
