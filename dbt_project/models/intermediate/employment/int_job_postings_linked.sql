with postings as (
    select * from {{ ref('stg_job_fair_system__job_postings') }}
),

fairs as (
    select * from {{ ref('stg_job_fair_system__job_fairs') }}
),

linked as (
    select
        postings.*,
        fairs.fair_type,
        fairs.fair_date,
        fairs.organisation_code,
        fairs.fair_id is null as is_orphan
    from postings
    left join fairs
        on
            postings.partner_id = fairs.partner_id
            and postings.fair_id = fairs.fair_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by is_orphan, partner_id, posting_id, {{ iso_year('fair_date') }}
            order by fair_date, fair_id
        ) as offer_number
    from linked
)

select
    partner_id,
    posting_id,
    fair_id,
    fair_type,
    fair_date,
    organisation_code,
    employer_credit_code,
    employer_name,
    occupation,
    headcount,
    monthly_wage_min,
    monthly_wage_max,
    is_orphan,
    not is_orphan and offer_number = 1 as is_first_of_year,
    batch_id,
    landed_at
from ranked
