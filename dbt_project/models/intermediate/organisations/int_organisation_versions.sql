with cities as (
    select * from {{ ref('cities') }}
),

organisations as (
    select * from {{ ref('int_organisations') }}
),

history as (
    select * from {{ ref('organisation_history') }}
),

stated as (
    select
        code as organisation_code,
        federation_name_zh as organisation_name_zh,
        name_zh as organisation_short_name_zh,
        name_en || ' Federation of Trade Unions' as organisation_name_en,
        {{ text('city') }} as organisation_type,
        code as gb_code,
        0 as display_order,
        cast(null as date) as valid_until
    from cities

    union all

    select
        organisation_code,
        organisation_name_zh,
        organisation_short_name_zh,
        organisation_name_en,
        organisation_type,
        gb_code,
        display_order,
        cast(null as date) as valid_until
    from organisations

    union all

    select
        history.organisation_code,
        history.name_zh as organisation_name_zh,
        history.short_name_zh as organisation_short_name_zh,
        history.name_en as organisation_name_en,
        organisations.organisation_type,
        history.gb_code,
        organisations.display_order,
        history.valid_until
    from history
    inner join organisations
        on history.organisation_code = organisations.organisation_code
),

-- A version begins on the day after the one before it ended; the first has always been.
dated as (
    select
        *,
        lag(valid_until) over (
            partition by organisation_code
            order by coalesce(valid_until, cast('9999-12-31' as date))
        ) as previous_until
    from stated
)

select
    organisation_code || '@' || cast(
        coalesce({{ add_days('previous_until', 1) }}, cast('1900-01-01' as date)) as {{ dbt.type_string() }}
    ) as organisation_key,
    organisation_code,
    organisation_name_zh,
    organisation_short_name_zh,
    organisation_name_en,
    organisation_type,
    gb_code,
    coalesce({{ add_days('previous_until', 1) }}, cast('1900-01-01' as date)) as valid_from,
    valid_until,
    valid_until is null as is_current,
    display_order
from dated
