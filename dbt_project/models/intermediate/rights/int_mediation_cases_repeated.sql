with cases as (
    select * from {{ ref('stg_mediation_center__mediation_cases') }}
),

-- Claims that a worker files together, on one day, are one dispute.
days as (
    select distinct
        worker_key,
        employer_credit_code,
        accepted_on
    from cases
),

followed as (
    select
        *,
        lag(accepted_on) over (
            partition by worker_key, employer_credit_code
            order by accepted_on
        ) as previously_accepted_on
    from days
)

select
    cases.partner_id,
    cases.case_id,
    followed.previously_accepted_on,
    coalesce(
        cases.accepted_on <= {{ add_days('followed.previously_accepted_on', 365) }},
        false
    ) as is_repeat_dispute
from cases
left join followed
    on
        cases.worker_key = followed.worker_key
        and cases.employer_credit_code = followed.employer_credit_code
        and cases.accepted_on = followed.accepted_on
