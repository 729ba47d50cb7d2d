{%- set window = var('hire_match_days') -%}

with applications as (
    select * from {{ ref('int_job_applications_linked') }}
    where not is_orphan
),

postings as (
    select * from {{ ref('int_job_postings_linked') }}
),

registrations as (
    select * from {{ ref('int_employment_registrations_linked') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

feeds as (
    select * from {{ ref('stg_landing__partners') }}
),

applied as (
    select
        applications.*,
        postings.employer_credit_code
    from applications
    inner join postings
        on
            applications.partner_id = postings.partner_id
            and applications.posting_id = postings.posting_id
            and applications.fair_id = postings.fair_id
),

candidates as (
    select
        applied.partner_id,
        applied.application_id,
        registrations.partner_id as other_partner_id,
        registrations.registration_id,
        case when applied.fair_id = registrations.source_fair_id then 0 else 1 end as fair_rank,
        case when applied.stage = 'hired' then 0 else 1 end as stage_rank,
        abs({{ dbt.datediff('applied.applied_on', 'registrations.hired_on', 'day') }}) as days_apart
    from applied
    inner join registrations
        on
            applied.worker_key = registrations.worker_key
            and applied.employer_credit_code = registrations.employer_credit_code
    where
        registrations.hired_on >= {{ add_days('applied.applied_on', -window.before) }}
        and registrations.hired_on <= {{ add_days('applied.applied_on', window.after) }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by partner_id, application_id
            order by fair_rank, stage_rank, days_apart, other_partner_id, registration_id
        ) as registration_rank,
        row_number() over (
            partition by other_partner_id, registration_id
            order by fair_rank, stage_rank, days_apart, partner_id, application_id
        ) as application_rank
    from candidates
),

-- Each is the other's best match, so that no record is compared twice.
matched as (
    select
        partner_id,
        application_id,
        other_partner_id,
        registration_id
    from ranked
    where registration_rank = 1 and application_rank = 1
),

registration_systems as (
    select min(partner_id) as partner_id
    from feeds
    where feed = 'employment_registrations'
    having min(partner_id) is not null
),

both_sides as (
    select
        applied.partner_id,
        applied.application_id,
        applied.batch_id,
        applied.fair_id,
        applied.posting_id,
        applied.stage,
        applied.applied_on,
        registrations.partner_id as other_partner_id,
        registrations.registration_id,
        registrations.batch_id as other_batch_id,
        registrations.source_fair_id,
        registrations.source_posting_id,
        registrations.hired_on
    from matched
    inner join applied
        on
            matched.partner_id = applied.partner_id
            and matched.application_id = applied.application_id
    inner join registrations
        on
            matched.other_partner_id = registrations.partner_id
            and matched.registration_id = registrations.registration_id
),

-- A hire that no employer has registered is late only when both the window and the time to register have passed.
fair_only as (
    select
        applied.partner_id,
        applied.application_id,
        applied.batch_id,
        applied.fair_id,
        applied.posting_id,
        applied.stage,
        applied.applied_on,
        registration_systems.partner_id as other_partner_id,
        cast(null as {{ dbt.type_string() }}) as registration_id,
        cast(null as {{ dbt.type_string() }}) as other_batch_id,
        cast(null as {{ dbt.type_string() }}) as source_fair_id,
        cast(null as {{ dbt.type_string() }}) as source_posting_id,
        cast(null as date) as hired_on
    from applied
    cross join period
    cross join registration_systems
    left join matched
        on
            applied.partner_id = matched.partner_id
            and applied.application_id = matched.application_id
    where
        applied.stage = 'hired'
        and matched.application_id is null
        and {{ add_days('applied.applied_on', window.after + window.to_register) }} <= period.last_day
),

-- A registration that names no fair on record claims nothing that a fair could confirm.
registered_only as (
    select
        registrations.fair_partner_id as partner_id,
        cast(null as {{ dbt.type_string() }}) as application_id,
        cast(null as {{ dbt.type_string() }}) as batch_id,
        cast(null as {{ dbt.type_string() }}) as fair_id,
        cast(null as {{ dbt.type_string() }}) as posting_id,
        cast(null as {{ dbt.type_string() }}) as stage,
        cast(null as date) as applied_on,
        registrations.partner_id as other_partner_id,
        registrations.registration_id,
        registrations.batch_id as other_batch_id,
        registrations.source_fair_id,
        registrations.source_posting_id,
        registrations.hired_on
    from registrations
    left join matched
        on
            registrations.partner_id = matched.other_partner_id
            and registrations.registration_id = matched.registration_id
    where
        registrations.is_from_known_fair
        and matched.registration_id is null
),

compared as (
    select * from both_sides
    union all
    select * from fair_only
    union all
    select * from registered_only
),

judged as (
    select
        *,
        coalesce(stage <> 'hired', false) as is_stage_behind,
        coalesce(fair_id <> source_fair_id, false) as is_fair_different,
        coalesce(fair_id = source_fair_id and posting_id <> source_posting_id, false) as is_posting_different,
        coalesce(hired_on < applied_on, false) as is_hired_before_applied
    from compared
)

select
    coalesce(partner_id || '/' || application_id, '') || '~'
    || coalesce(other_partner_id || '/' || registration_id, '') as comparison_id,
    partner_id,
    application_id as record_id,
    batch_id,
    other_partner_id,
    registration_id as other_record_id,
    other_batch_id,
    coalesce(hired_on, applied_on) as compared_on,
    case
        when registration_id is null then 'partner_only'
        when application_id is null then 'other_only'
        when is_stage_behind or is_fair_different or is_posting_different or is_hired_before_applied then 'differing'
        else 'agreed'
    end as outcome,
    fair_id,
    posting_id,
    stage,
    applied_on,
    source_fair_id,
    source_posting_id,
    hired_on,
    is_stage_behind,
    is_fair_different,
    is_posting_different,
    is_hired_before_applied
from judged
