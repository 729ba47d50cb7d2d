with actions as (
    select * from {{ ref('int_meeting_actions_closed') }}
),

weeks as (
    select * from {{ ref('int_weeks') }}
),

period as (
    select * from {{ ref('int_reporting_period') }}
),

domains as (
    select * from {{ ref('domains') }}
),

organisations as (
    select * from {{ ref('int_organisations') }}
),

departments as (
    select * from {{ ref('departments') }}
),

-- What had been decided by the end of each week that has passed.
known as (
    select
        actions.*,
        weeks.week_id,
        weeks.week_start,
        weeks.week_end,
        max(actions.meeting_date) over (partition by weeks.week_id) as last_meeting_date,
        case when actions.closed_on <= weeks.week_end then actions.closed_on end as closed_by_then
    from actions
    inner join weeks
        on actions.meeting_date <= weeks.week_end
    inner join period
        on weeks.week_end <= period.last_day
),

standing as (
    select
        *,
        meeting_date = last_meeting_date as is_of_last_meeting,
        case
            when closed_by_then is not null and action_state = 'cancelled' then 'cancelled'
            when closed_by_then <= due_on then 'done_in_time'
            when closed_by_then is not null then 'done_late'
            when due_on < week_end then 'overdue'
            else 'open'
        end as standing_code
    from known
    where
        meeting_date = last_meeting_date
        or closed_by_then is null
        or closed_by_then >= week_start
)

select
    standing.partner_id,
    standing.action_id,
    standing.week_id,
    standing.meeting_date,
    standing.is_of_last_meeting,
    standing.title,
    standing.domain,
    domains.name_zh as domain_name_zh,
    domains.name_en as domain_name_en,
    standing.organisation_code,
    organisations.organisation_short_name_zh,
    organisations.organisation_short_name_en,
    standing.owner_department as owner_department_zh,
    departments.name_en as owner_department_en,
    standing.due_on,
    standing.closed_by_then as closed_on,
    standing.standing_code,
    case
        when standing.standing_code = 'overdue'
            then cast({{ days_through('standing.due_on', 'standing.week_end') }} - 1 as integer)
    end as days_overdue
from standing
inner join domains
    on standing.domain = domains.code
inner join organisations
    on standing.organisation_code = organisations.organisation_code
left join departments
    on standing.owner_department = departments.name_zh
