with certificates as (
    select * from {{ ref('stg_training_base__training_certificates') }}
),

sessions as (
    select * from {{ ref('stg_training_base__training_sessions') }}
)

select
    certificates.partner_id,
    certificates.certificate_id,
    certificates.session_id,
    sessions.course,
    sessions.organisation_code,
    certificates.worker_key,
    certificates.issued_on,
    certificates.certificate_level,
    sessions.session_id is null as is_orphan,
    certificates.batch_id,
    certificates.landed_at
from certificates
left join sessions
    on
        certificates.partner_id = sessions.partner_id
        and certificates.session_id = sessions.session_id
