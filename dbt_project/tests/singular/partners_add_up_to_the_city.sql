-- Partners add up to the city, unless a voucher is for a hospital that no partner file names.
{{ config(
    severity='warn',
    meta={
        'what': '各合作单位之和等于全市数',
        'why': '分项与合计必须对得上',
        'dimension': '一致性',
    },
) }}

{{ scopes_off_the_city('partner') }}
