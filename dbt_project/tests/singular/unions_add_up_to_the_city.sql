-- Unions add up to the city for every metric that adds up.
{{ config(
    meta={
        'what': '各工会之和等于全市数',
        'why': '分项与合计必须对得上',
        'dimension': '一致性',
    },
) }}

{{ scopes_off_the_city('union') }}
