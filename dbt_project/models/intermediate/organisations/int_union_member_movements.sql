{%- set groups = ['members', 'women_members', 'migrant_members', 'new_employment_members'] -%}

with stated as (
    select * from {{ ref('organisation_members') }}
),

organisations as (
    select * from {{ ref('int_organisations') }}
),

cities as (
    select * from {{ ref('cities') }}
),

-- 4 January always lies in the first ISO week (ISO 8601).
dated as (
    select
        *,
        cast(cast(year as {{ dbt.type_string() }}) || '-01-04' as date) as in_first_week
    from stated
),

compared as (
    select
        organisation_code,
        year,
        {{ week_start('in_first_week') }} as valid_from,
        {%- for group in groups %}
        {{ group }},
        {{ group }} - coalesce(lag({{ group }}) over (partition by organisation_code order by year), 0)
            as {{ group }}_added,
        {%- endfor %}
        source_zh
    from dated
)

select
    compared.organisation_code,
    compared.year,
    compared.valid_from,
    {%- for group in groups %}
    compared.{{ group }},
    compared.{{ group }}_added,
    {%- endfor %}
    compared.source_zh,
    cities.code as city_code
from compared
inner join organisations
    on compared.organisation_code = organisations.organisation_code
cross join cities
