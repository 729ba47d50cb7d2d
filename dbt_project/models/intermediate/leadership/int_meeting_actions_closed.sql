with actions as (
    select * from {{ ref('stg_leadership_office__meeting_actions') }}
),

batches as (
    select * from {{ ref('stg_landing__batches') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

-- The register dates a completion but no cancellation: that one is dated by the version that states it.
stated as (
    select
        actions.*,
        coalesce(cast(actions.updated_at as date), {{ add_days('batches.interval_end', -1) }}) as stated_on
    from actions
    inner join batches
        on actions.batch_id = batches.batch_id
),

closed as (
    select
        *,
        case
            when action_state = 'done' then coalesce(completed_on, stated_on)
            when action_state = 'cancelled' then stated_on
        end as closed_on
    from stated
)

select
    closed.partner_id,
    closed.action_id,
    closed.meeting_date,
    closed.title,
    closed.domain,
    coalesce(closed.owner_organisation_code, 'UNKNOWN') as organisation_code,
    closed.owner_department,
    closed.due_on,
    closed.action_state,
    closed.closed_on,
    closed.action_state <> 'cancelled' and closed.due_on <= period.last_day as is_due,
    closed.action_state = 'done' and closed.closed_on <= closed.due_on as is_done_in_time,
    closed.batch_id,
    closed.landed_at
from closed
cross join period
