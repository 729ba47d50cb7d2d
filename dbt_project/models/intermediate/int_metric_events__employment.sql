with sessions as (
    select * from {{ ref('int_training_sessions_summarised') }}
),

attendances as (
    select * from {{ ref('int_training_attendances_linked') }}
),

fairs as (
    select * from {{ ref('int_job_fairs_summarised') }}
),

postings as (
    select * from {{ ref('int_job_postings_linked') }}
),

applications as (
    select * from {{ ref('int_job_applications_linked') }}
)

{{ metric_rows(
    'training_sessions',
    relation='sessions',
    feed='training_sessions',
    record_id='session_id',
    event_date='started_on'
) }}

union all

{{ metric_rows(
    'training_person_times',
    relation='attendances',
    feed='training_attendances',
    record_id='attendance_id',
    event_date='attended_on',
    person='worker_key',
    where='not is_orphan'
) }}

union all

{{ metric_rows(
    'job_fairs',
    relation='fairs',
    feed='job_fairs',
    record_id='fair_id',
    event_date='fair_date',
    where="fair_type = 'job_fair'"
) }}

union all

{{ metric_rows(
    'recruiting_talks',
    relation='fairs',
    feed='job_fairs',
    record_id='fair_id',
    event_date='fair_date',
    where="fair_type = 'recruiting_talk'"
) }}

union all

{{ metric_rows(
    'positions_offered',
    relation='postings',
    feed='job_postings',
    record_id="posting_id || '@' || fair_id",
    event_date='fair_date',
    numerator='headcount',
    where='not is_orphan'
) }}

union all

{{ metric_rows(
    'positions_offered_distinct',
    relation='postings',
    feed='job_postings',
    record_id="posting_id || '@' || fair_id",
    event_date='fair_date',
    numerator='headcount',
    where='is_first_of_year'
) }}

union all

{{ metric_rows(
    'job_applications',
    relation='applications',
    feed='job_applications',
    record_id='application_id',
    event_date='applied_on',
    person='worker_key',
    where='not is_orphan'
) }}
