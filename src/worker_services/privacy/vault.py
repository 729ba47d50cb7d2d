"""Raw bytes at rest: encrypted with age (X25519), named by their SHA-256, never in the clear on disk."""

from pathlib import Path

import pyrage

from worker_services.files import write_bytes
from worker_services.secrets import Secrets


def seal(data: bytes, secrets: Secrets) -> bytes:
    """Encrypt so that only the vault identity opens it."""
    return bytes(pyrage.encrypt(data, [_identity(secrets).to_public()]))


def unseal(sealed: bytes, secrets: Secrets) -> bytes:
    """Open what `seal` made. Raises pyrage.DecryptError with the wrong identity or on any changed byte."""
    return bytes(pyrage.decrypt(sealed, [_identity(secrets)]))


def store(vault: Path, sha256: str, raw: bytes, secrets: Secrets) -> Path:
    """Keep raw bytes once; the same bytes again are not written again."""
    path = vault / sha256[:2] / f"{sha256}.age"
    if not path.exists():
        write_bytes(path, seal(raw, secrets))
    return path


def _identity(secrets: Secrets) -> "pyrage.x25519.Identity":
    return pyrage.x25519.Identity.from_str(secrets.vault_identity.get_secret_value())
