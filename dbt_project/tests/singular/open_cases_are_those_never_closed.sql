-- What came and went leaves exactly the cases that stand open, union by union.
{{ config(
    meta={
        'what': '在办案件数等于受理与结案相抵后的余数',
        'why': '进出对不上，在办案件数就不可信',
        'dimension': '一致性',
    },
) }}

with cases as (
    select * from {{ ref('fct_mediation_cases') }}
),

events as (
    select * from {{ ref('fct_mediation_case_events') }}
),

standing as (
    select
        organisation_code,
        sum(case when case_state = 'open' then 1 else 0 end) as cases_open
    from cases
    group by organisation_code
),

moved as (
    select
        organisation_code,
        sum(open_cases_movement) as cases_open
    from events
    group by organisation_code
)

select
    standing.organisation_code,
    standing.cases_open,
    moved.cases_open as cases_open_by_movements
from standing
full outer join moved
    on standing.organisation_code = moved.organisation_code
where coalesce(standing.cases_open, 0) <> coalesce(moved.cases_open, 0)
