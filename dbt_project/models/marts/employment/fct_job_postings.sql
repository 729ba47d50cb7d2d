with postings as (
    select * from {{ ref('int_job_postings_linked') }}
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
    is_first_of_year,
    {{ text('job_fairs') }} as project_id,
    batch_id,
    landed_at
from postings
where not is_orphan
