-- Unions add up to the city for every metric that adds up.
{{ scopes_off_the_city('union') }}
