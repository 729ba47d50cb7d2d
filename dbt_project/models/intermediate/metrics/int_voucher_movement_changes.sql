{{ changes_of(ref('fct_voucher_movements'), is_changed_voucher()) }}
