with printed as (
    select * from {{ ref('stg_landing__printed_figures') }}
)

select
    issue_week,
    edition,
    week_id,
    metric_id,
    scope_type,
    scope_code,
    figure,
    printed_value,
    printed_text,
    printed_build_id,
    printed_as_of,
    printed_at
from printed
