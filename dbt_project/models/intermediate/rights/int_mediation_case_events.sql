with cases as (
    select * from {{ ref('stg_mediation_center__mediation_cases') }}
),

events as (
    select * from {{ ref('int_mediation_events_linked') }}
    where not is_orphan
),

-- The register says when a case was accepted; the entry that the log makes of it would be a second one.
happened as (
    select
        partner_id,
        case_id,
        cast(null as {{ dbt.type_string() }}) as event_id,
        'accepted' as event_type,
        cast(accepted_on as timestamp) as event_at,
        0 as event_order,
        batch_id,
        landed_at
    from cases

    union all

    select
        partner_id,
        case_id,
        event_id,
        event_type,
        event_at,
        1 as event_order,
        batch_id,
        landed_at
    from events
    where event_type <> 'accepted'
),

numbered as (
    select
        *,
        row_number() over (
            partition by partner_id, case_id
            order by event_order, event_at, event_id
        ) as event_number
    from happened
),

rounds as (
    select
        *,
        sum(case when event_type = 'reopened' then 1 else 0 end) over (
            partition by partner_id, case_id
            order by event_number
            rows between unbounded preceding and current row
        ) as times_reopened,
        case
            when event_type in ('agreement', 'no_agreement') then 1
            when event_type in ('withdrawn', 'transferred') then 2
        end as closing_order
    from numbered
),

-- A case passed on after mediation failed has still failed, so a conclusion outranks a withdrawal or a transfer.
ranked as (
    select
        *,
        row_number() over (
            partition by partner_id, case_id, times_reopened
            order by coalesce(closing_order, 3), event_number desc
        ) as closing_rank
    from rounds
),

marked as (
    select
        *,
        closing_order is not null and closing_rank = 1 as is_closing
    from ranked
),

closed_rounds as (
    select
        partner_id,
        case_id,
        times_reopened
    from marked
    where is_closing
)

select
    marked.partner_id,
    marked.case_id,
    cast(marked.event_number as integer) as event_number,
    marked.event_id,
    marked.event_type,
    marked.event_at,
    cast(marked.event_at as date) as happened_on,
    cast(
        {{ dbt.datediff('cases.accepted_on', 'marked.event_at', 'day') | trim }} as integer
    ) as days_since_accepted,
    cases.organisation_code,
    cast(marked.times_reopened as integer) as times_reopened,
    marked.is_closing,
    cast(
        case
            when marked.event_type = 'accepted' then 1
            when marked.event_type = 'reopened' and closed_rounds.case_id is not null then 1
            when marked.is_closing then -1
            else 0
        end as integer
    ) as open_cases_movement,
    marked.batch_id,
    marked.landed_at
from marked
inner join cases
    on
        marked.partner_id = cases.partner_id
        and marked.case_id = cases.case_id
left join closed_rounds
    on
        marked.partner_id = closed_rounds.partner_id
        and marked.case_id = closed_rounds.case_id
        and marked.times_reopened - 1 = closed_rounds.times_reopened
