with postings as (
    select * from {{ ref('int_job_postings_linked') }}
),

applications as (
    select * from {{ ref('int_job_applications_linked') }}
),

attendances as (
    select * from {{ ref('int_training_attendances_linked') }}
),

enrolments as (
    select * from {{ ref('int_training_enrolments_linked') }}
),

certificates as (
    select * from {{ ref('int_training_certificates_linked') }}
),

hazards as (
    select * from {{ ref('int_safety_hazards_linked') }}
),

mediation_events as (
    select * from {{ ref('int_mediation_events_linked') }}
)

select
    'job_postings' as feed,
    partner_id,
    posting_id || '@' || fair_id as record_id,
    'fair_id' as column_name,
    batch_id
from postings
where is_orphan

union all

select
    'job_applications' as feed,
    partner_id,
    application_id as record_id,
    'posting_id' as column_name,
    batch_id
from applications
where is_orphan

union all

select
    'training_attendances' as feed,
    partner_id,
    attendance_id as record_id,
    'session_id' as column_name,
    batch_id
from attendances
where is_orphan

union all

select
    'mediation_events' as feed,
    partner_id,
    event_id as record_id,
    'case_id' as column_name,
    batch_id
from mediation_events
where is_orphan

union all

select
    'training_enrolments' as feed,
    partner_id,
    enrolment_id as record_id,
    'session_id' as column_name,
    batch_id
from enrolments
where is_orphan

union all

select
    'training_certificates' as feed,
    partner_id,
    certificate_id as record_id,
    'session_id' as column_name,
    batch_id
from certificates
where is_orphan

union all

select
    'safety_hazards' as feed,
    partner_id,
    hazard_id as record_id,
    'inspection_id' as column_name,
    batch_id
from hazards
where is_orphan
