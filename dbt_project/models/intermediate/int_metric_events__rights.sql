with cases as (
    select * from {{ ref('int_mediation_cases_concluded') }}
)

{{ metric_rows(
    'mediation_cases_accepted',
    relation='cases',
    feed='mediation_cases',
    record_id='case_id',
    event_date='accepted_on'
) }}

union all

{{ metric_rows(
    'mediation_cases_concluded',
    relation='cases',
    feed='mediation_cases',
    record_id='case_id',
    event_date='closed_on',
    where='is_concluded'
) }}

union all

{{ metric_rows(
    'mediation_success_rate',
    relation='cases',
    feed='mediation_cases',
    record_id='case_id',
    event_date='closed_on',
    numerator="case when case_state = 'agreement' then 1 else 0 end",
    denominator='1',
    where='is_concluded'
) }}

union all

{{ metric_rows(
    'mediation_cases_withdrawn',
    relation='cases',
    feed='mediation_cases',
    record_id='case_id',
    event_date='closed_on',
    where="case_state = 'withdrawn'"
) }}

union all

{{ metric_rows(
    'mediation_cases_transferred',
    relation='cases',
    feed='mediation_cases',
    record_id='case_id',
    event_date='closed_on',
    where="case_state = 'transferred'"
) }}
