"""The two secrets of the door: the key of the pseudonyms and the identity that opens the vault."""

import os

from pydantic import BaseModel, SecretStr


class Secrets(BaseModel):
    """`worker_key_secret` keys the HMAC of worker_key; `vault_identity` is an age X25519 identity."""

    worker_key_secret: SecretStr
    vault_identity: SecretStr


def from_environment() -> Secrets:
    """Read AIRFLOW_VAR_WORKER_KEY_SECRET and AIRFLOW_VAR_VAULT_IDENTITY. Raises LookupError naming what is not set."""
    return Secrets(
        worker_key_secret=SecretStr(_required("AIRFLOW_VAR_WORKER_KEY_SECRET")),
        vault_identity=SecretStr(_required("AIRFLOW_VAR_VAULT_IDENTITY")),
    )


def _required(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise LookupError(f"secret {variable} is not set; docs/operations.md says how to make one")
    return value
