{{ changes_of(ref('fct_health_services'), is_changed('health_services', ['partner_id', 'service_id'])) }}
