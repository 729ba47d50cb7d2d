"""What becomes of a citizen ID number at the door: a keyed pseudonym, an age band, a sex.

The expressions run inside the engine over whole columns; `worker_key` is the same rule for one value.
"""

import hashlib
import hmac

from pydantic import SecretStr

BLOCK_BYTES = 64  # block size of SHA-256 (FIPS 180-4), which HMAC pads its key to (RFC 2104)
AGE_BANDS = ((16, "under_16"), (25, "16-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))
OLDEST_BAND = "65+"


def worker_key(citizen_id: str, secret: SecretStr) -> str:
    """HMAC-SHA256 of a normalised citizen ID number, 64 hexadecimal digits."""
    return hmac.new(secret.get_secret_value().encode(), citizen_id.encode(), hashlib.sha256).hexdigest()


def hmac_pads(secret: SecretStr) -> tuple[bytes, bytes]:
    """The inner and outer pad of HMAC-SHA256 for this key, to be bound to `worker_key_sql`."""
    key = secret.get_secret_value().encode()
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)


def worker_key_sql(text: str, prefix: str = "") -> str:
    """HMAC-SHA256 as SQL over the expression `text`; binds $inner_pad and $outer_pad, their names prefixed."""
    return f"sha256(${prefix}outer_pad::blob || unhex(sha256(${prefix}inner_pad::blob || encode({text}))))"


def age_band_sql(citizen_id: str, on_day: str) -> str:
    """Age band, on the day `on_day`, of the person whose (valid) citizen ID number is the expression `citizen_id`."""
    age = f"date_sub('year', strptime(substr({citizen_id}, 7, 8), '%Y%m%d')::date, {on_day})"
    bands = " ".join(f"when {age} < {limit} then '{band}'" for limit, band in AGE_BANDS)
    return f"case {bands} else '{OLDEST_BAND}' end"


def sex_sql(citizen_id: str) -> str:
    """Sex by the parity of the 17th digit (GB 11643-1999, 4.1.3: odd male, even female)."""
    return f"case when substr({citizen_id}, 17, 1)::integer % 2 = 1 then 'male' else 'female' end"
