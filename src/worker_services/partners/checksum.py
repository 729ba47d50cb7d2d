"""The checksum file that a partner lays beside a delivery."""

import re

from worker_services.partners.delivery import bad_answer

LONGEST_BYTES = 4096
_SHA256 = re.compile(rb"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])")


def declared_sha256(raw: bytes, where: str, path: str) -> str:
    """The one SHA-256 in the file, as sha256sum, certutil or PowerShell (UTF-16) write it. Raises DeliveryFault."""
    found = set(_SHA256.findall(raw.replace(b"\0", b"").lower()))
    if len(found) != 1:
        raise bad_answer(where, f"{path}: {len(found)} SHA-256 checksums, expected one")
    return str(found.pop(), "ascii")
