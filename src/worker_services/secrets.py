"""The secrets of the door, which key the pseudonyms and open the vault; and the keys that sign the ledger."""

import hmac
import json
import os
from typing import Self

from pydantic import BaseModel, SecretStr, model_validator


class Secrets(BaseModel):
    """`worker_key_secret` keys the HMAC of worker_key; `vault_identity` is an age X25519 identity.

    The previous ones, newest first, stay for as long as what they keyed or sealed must still be joined or opened: a
    worker last met under a secret that is gone, and met again, would count as two.
    """

    worker_key_secret: SecretStr
    vault_identity: SecretStr
    previous_worker_key_secrets: tuple[SecretStr, ...] = ()
    previous_vault_identities: tuple[SecretStr, ...] = ()

    @model_validator(mode="after")
    def _is_new(self) -> Self:
        if self.worker_key_secret in self.previous_worker_key_secrets:
            raise ValueError("a worker key secret that was rotated out never comes back")
        return self

    @property
    def worker_key_id(self) -> str:
        """Which secret keyed a batch, without telling anything of it: 8 hexadecimal digits."""
        return _key_id(self.worker_key_secret)

    @property
    def previous_worker_key_ids(self) -> list[str]:
        return [_key_id(secret) for secret in self.previous_worker_key_secrets]


class LedgerKeys(BaseModel):
    """The Ed25519 key that signs entries of the ledger, and those before it, newest first.

    An earlier one is needed until the ledger has an entry under the current one, and may go after that.
    """

    signing_key: SecretStr
    previous_signing_keys: tuple[SecretStr, ...] = ()


def from_environment() -> Secrets:
    """Read the Airflow variables from AIRFLOW_VAR_…. Raises LookupError naming what is not set."""
    return Secrets(
        worker_key_secret=SecretStr(_required("AIRFLOW_VAR_WORKER_KEY_SECRET")),
        vault_identity=SecretStr(_required("AIRFLOW_VAR_VAULT_IDENTITY")),
        previous_worker_key_secrets=previous(os.environ.get("AIRFLOW_VAR_PREVIOUS_WORKER_KEY_SECRETS")),
        previous_vault_identities=previous(os.environ.get("AIRFLOW_VAR_PREVIOUS_VAULT_IDENTITIES")),
    )


def ledger_keys_from_environment() -> LedgerKeys:
    """Read the Airflow variables from AIRFLOW_VAR_…. Raises LookupError naming what is not set."""
    return LedgerKeys(
        signing_key=SecretStr(_required("AIRFLOW_VAR_LEDGER_SIGNING_KEY")),
        previous_signing_keys=previous(os.environ.get("AIRFLOW_VAR_PREVIOUS_LEDGER_SIGNING_KEYS")),
    )


def previous(text: str | None) -> tuple[SecretStr, ...]:
    """Read a JSON list of secrets, newest first; nothing stands for none. Raises ValueError without quoting it."""
    if not text:
        return ()
    try:
        stated = json.loads(text)
    except ValueError:
        stated = None
    if not isinstance(stated, list) or not all(isinstance(secret, str) for secret in stated):
        raise ValueError("previous secrets must be a JSON list of texts, newest first")
    return tuple(map(SecretStr, stated))


def _key_id(secret: SecretStr) -> str:
    return hmac.new(secret.get_secret_value().encode(), b"worker key id", "sha256").hexdigest()[:8]


def _required(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise LookupError(f"secret {variable} is not set; docs/operations.md says how to make one")
    return value
