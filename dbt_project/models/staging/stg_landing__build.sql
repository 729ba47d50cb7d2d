with source as (
    select * from {{ source('landing', 'build') }}
)

select
    build_id,
    as_of,
    is_demo
from source
