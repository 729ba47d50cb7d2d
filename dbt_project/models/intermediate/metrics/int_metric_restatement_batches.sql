with restated as (
    select distinct
        printed_build_id,
        metric_id,
        case when scope_type in ('city', 'partner', 'project') then scope_type else 'union' end as scope_set,
        scope_type,
        scope_code,
        week_id
    from {{ ref('int_metric_restated') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

components as (
    select * from {{ ref('int_metric_components') }}
),

metric_feeds as (
    select * from {{ ref('int_metric_feeds') }}
),

late_cells as (
    select * from {{ ref('int_late_batch_cells') }}
),

suppliers as (
    select * from {{ ref('stg_landing__partners') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

printed_batches as (
    select * from {{ ref('stg_landing__printed_batches') }}
),

-- Stood then and does not now.
replaced as (
    select printed_batches.*
    from printed_batches
    left join batches
        on printed_batches.batch_id = batches.batch_id
    where batches.batch_id is null
),

gone as (
    select
        restated.printed_build_id,
        restated.metric_id,
        restated.scope_set,
        restated.scope_type,
        restated.scope_code,
        restated.week_id,
        replaced.batch_id,
        replaced.feed,
        replaced.partner_id
    from restated
    inner join metric_feeds
        on restated.metric_id = metric_feeds.metric_id
    inner join replaced
        on
            restated.printed_build_id = replaced.printed_build_id
            and metric_feeds.feed = replaced.feed
),

-- A partner that supplies the feed itself is not touched by what others had delivered. Of the unions whose records were
-- in a batch that is gone nothing is known any more: each is named it.
removed as (
    select
        gone.printed_build_id,
        gone.metric_id,
        gone.scope_type,
        gone.scope_code,
        gone.week_id,
        gone.batch_id,
        'removed' as change,
        0 as records
    from gone
    left join suppliers
        on
            gone.scope_set = 'partner'
            and gone.scope_code = suppliers.partner_id
            and gone.feed = suppliers.feed
    where suppliers.partner_id is null or suppliers.partner_id = gone.partner_id
),

-- Stands now and did not then, and is counted for the scope in the week, or before it in the year; in a stock, at any
-- time before.
counted as (
    select
        restated.printed_build_id,
        restated.metric_id,
        restated.scope_type,
        restated.scope_code,
        restated.week_id,
        late_cells.batch_id,
        late_cells.measure_id,
        sum(late_cells.records) as records
    from restated
    inner join weeks
        on restated.week_id = weeks.week_id
    inner join components
        on restated.metric_id = components.metric_id
    inner join late_cells
        on
            components.measure_id = late_cells.measure_id
            and restated.scope_set = late_cells.scope_set
            and restated.scope_code = late_cells.scope_code
            and weeks.week_start >= late_cells.week_start
            and (components.kind = 'stock' or weeks.iso_year = {{ iso_year('late_cells.week_start') }})
    left join printed_batches
        on
            restated.printed_build_id = printed_batches.printed_build_id
            and late_cells.batch_id = printed_batches.batch_id
    where printed_batches.batch_id is null
    group by
        restated.printed_build_id,
        restated.metric_id,
        restated.scope_type,
        restated.scope_code,
        restated.week_id,
        late_cells.batch_id,
        late_cells.measure_id
),

added as (
    select
        printed_build_id,
        metric_id,
        scope_type,
        scope_code,
        week_id,
        batch_id,
        'added' as change,
        max(records) as records
    from counted
    group by printed_build_id, metric_id, scope_type, scope_code, week_id, batch_id
),

-- A batch that only withdrew records, or moved them to another scope, leaves none behind; a rank moves with others'
-- figures. Where none is added, all of the feeds that have come or gone since are named.
unexplained as (
    select restated.*
    from restated
    left join added
        on
            restated.printed_build_id = added.printed_build_id
            and restated.metric_id = added.metric_id
            and restated.scope_type = added.scope_type
            and restated.scope_code = added.scope_code
            and restated.week_id = added.week_id
    where added.batch_id is null
),

possible as (
    select
        unexplained.printed_build_id,
        unexplained.metric_id,
        unexplained.scope_type,
        unexplained.scope_code,
        unexplained.week_id,
        batches.batch_id
    from unexplained
    inner join metric_feeds
        on unexplained.metric_id = metric_feeds.metric_id
    inner join batches
        on metric_feeds.feed = batches.feed
    left join printed_batches
        on
            unexplained.printed_build_id = printed_batches.printed_build_id
            and batches.batch_id = printed_batches.batch_id
    where printed_batches.batch_id is null

    union all

    select
        unexplained.printed_build_id,
        unexplained.metric_id,
        unexplained.scope_type,
        unexplained.scope_code,
        unexplained.week_id,
        gone.batch_id
    from unexplained
    inner join gone
        on
            unexplained.printed_build_id = gone.printed_build_id
            and unexplained.metric_id = gone.metric_id
            and unexplained.scope_type = gone.scope_type
            and unexplained.scope_code = gone.scope_code
            and unexplained.week_id = gone.week_id
    left join removed
        on
            gone.printed_build_id = removed.printed_build_id
            and gone.metric_id = removed.metric_id
            and gone.scope_type = removed.scope_type
            and gone.scope_code = removed.scope_code
            and gone.week_id = removed.week_id
            and gone.batch_id = removed.batch_id
    where removed.batch_id is null
),

causes as (
    select * from added

    union all

    select * from removed

    union all

    select
        *,
        'possible' as change,
        0 as records
    from possible
),

-- Whether it stands or not, a batch is told by the same four.
known as (
    select
        batch_id,
        feed,
        partner_id,
        interval_start,
        interval_end
    from batches

    union

    select
        batch_id,
        feed,
        partner_id,
        interval_start,
        interval_end
    from replaced
)

select
    causes.printed_build_id,
    causes.metric_id,
    causes.scope_type,
    causes.scope_code,
    causes.week_id,
    causes.batch_id,
    known.feed,
    causes.change,
    cast(causes.records as bigint) as records,
    known.partner_id,
    known.interval_start,
    known.interval_end,
    batches.landed_at
from causes
inner join known
    on causes.batch_id = known.batch_id
left join batches
    on causes.batch_id = batches.batch_id
