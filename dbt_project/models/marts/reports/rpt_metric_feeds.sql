with feeds as (
    select * from {{ ref('int_metric_feeds') }}
),

metrics as (
    select * from {{ ref('int_metric_catalogue') }}
    where is_published
)

select
    feeds.metric_id,
    feeds.feed
from feeds
inner join metrics
    on feeds.metric_id = metrics.metric_id
