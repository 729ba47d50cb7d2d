{{ config(
    materialized='incremental',
    pre_hook="{{ take_out(is_changed_worker()) }}",
) }}

with workers as (
    select * from {{ ref('int_workers') }}
    {{ only(is_changed_worker()) }}
)

select
    worker_key,
    age_band,
    sex,
    organisation_code,
    is_woman_worker,
    is_migrant_worker,
    is_front_line_worker,
    is_in_hardship,
    is_new_employment_worker,
    first_seen_on,
    last_seen_on,
    systems,
    feeds
from workers
