{%- set columns = [
    'feed', 'partner_id', 'record_id', 'worker_key', 'organisation_code', 'served_on', 'project_id', 'batch_id', 'landed_at'
] -%}
{%- set linked_feeds = "'" ~ service_feeds(is_linked=true) | join("', '") ~ "'" -%}
{#- Not by ref: the fact is made from this. #}
{%- set before = in_base(api.Relation.create(schema='marts', identifier='fct_worker_services')) -%}

with followed as (
    {{ worker_services(is_linked=false) | indent }}
),

linked as (
    {{ worker_services(is_linked=true) | indent }}
)

{% if is_on_base() -%}
select
    1 as sign,
    *
from followed

union all

select
    -1 as sign,
    {{ columns | join(',\n    ') }}
from {{ before }}
where (feed, partner_id, record_id) in (
    {%- for feed in service_feeds(is_linked=false) %}
    select
        {{ text(feed) }},
        *
    from {{ changed(feed) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)
{%- for sign, here, there in [(1, 'linked', before), (-1, before, 'linked')] %}

union all

select
    {{ sign }} as sign,
    *
from (
    select {{ columns | join(', ') }}
    from {{ here }}
    where feed in ({{ linked_feeds }})
    except
    select {{ columns | join(', ') }}
    from {{ there }}
    where feed in ({{ linked_feeds }})
) as differing_{{ loop.index }}
{%- endfor %}
{%- else -%}
select
    1 as sign,
    *
from followed
where false

union all

select
    1 as sign,
    *
from linked
where false
{%- endif %}
