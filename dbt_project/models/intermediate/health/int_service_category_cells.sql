{%- set health_services = ref('stg_hospital__health_services') -%}
{%- set is_changed_service = is_changed('health_services', ['partner_id', 'service_id']) -%}

-- An incremental build takes over what the base has counted: less what those whom a changed service names had counted
-- for then, and with what they count for now.
with services as (
    {%- if is_on_base() %}
    {%- for sign, relation in [(1, health_services), (-1, in_base(health_services))] %}
    select
        {{ sign }} as sign,
        *
    from {{ relation }}
    where worker_key in (
        select worker_key from {{ health_services }}
        where {{ is_changed_service }}
        union all
        select worker_key from {{ in_base(health_services) }}
        where {{ is_changed_service }}
    )
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- else %}
    select
        1 as sign,
        *
    from {{ health_services }}
    {%- endif %}
),

placed as (
    select
        sign,
        partner_id,
        service_category,
        worker_key,
        {{ week_start('service_date') }} as week_start,
        {{ iso_year('service_date') }} as iso_year
    from services
),

counted as (
    select
        partner_id,
        service_category,
        week_start,
        sign * count(*) as person_times,
        sign * count(distinct worker_key) as persons,
        0 as new_persons
    from placed
    group by sign, partner_id, service_category, week_start
),

first_appearances as (
    select
        sign,
        partner_id,
        service_category,
        min(week_start) as week_start
    from placed
    group by sign, partner_id, service_category, iso_year, worker_key
),

cells as (
    select * from counted

    union all

    select
        partner_id,
        service_category,
        week_start,
        0 as person_times,
        0 as persons,
        sum(sign) as new_persons
    from first_appearances
    group by partner_id, service_category, week_start
    {%- if is_on_base() %}

    union all

    select * from {{ in_base(this) }}
    {%- endif %}
)

select
    partner_id,
    service_category,
    week_start,
    cast(sum(person_times) as bigint) as person_times,
    cast(sum(persons) as bigint) as persons,
    cast(sum(new_persons) as bigint) as new_persons
from cells
group by partner_id, service_category, week_start
having sum(person_times) > 0
