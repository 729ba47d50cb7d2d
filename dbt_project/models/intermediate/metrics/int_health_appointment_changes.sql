{{ changes_of(ref('fct_health_appointments'), is_changed('health_appointments', ['partner_id', 'appointment_id'])) }}
