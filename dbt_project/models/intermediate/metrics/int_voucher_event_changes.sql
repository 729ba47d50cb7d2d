{{ changes_of(ref('fct_voucher_events'), is_changed_voucher()) }}
