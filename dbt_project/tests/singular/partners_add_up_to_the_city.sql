-- Partners add up to the city, unless a voucher is for a hospital that no partner file names.
{{ config(severity='warn') }}

{{ scopes_off_the_city('partner') }}
