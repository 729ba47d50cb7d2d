with fairs as (
    select * from {{ ref('stg_job_fair_system__job_fairs') }}
),

postings as (
    select * from {{ ref('int_job_postings_linked') }}
),

offered as (
    select
        partner_id,
        fair_id,
        count(*) as postings,
        cast(sum(headcount) as bigint) as positions_offered
    from postings
    group by partner_id, fair_id
)

select
    fairs.partner_id,
    fairs.fair_id,
    fairs.fair_name,
    fairs.fair_type,
    fairs.fair_date,
    fairs.organisation_code,
    coalesce(offered.postings, 0) as postings,
    coalesce(offered.positions_offered, 0) as positions_offered,
    fairs.batch_id,
    fairs.landed_at
from fairs
left join offered
    on
        fairs.partner_id = offered.partner_id
        and fairs.fair_id = offered.fair_id
