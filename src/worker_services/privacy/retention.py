"""What can still name a person is deleted when its time is over; figures and reasons stay."""

from pathlib import Path

import yaml
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from worker_services import files
from worker_services.audit import ledger
from worker_services.audit.protected import name_of
from worker_services.privacy import vault
from worker_services.settings import Settings


class PrivacyConfig(BaseModel):
    """config/privacy.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retention_days: int = Field(ge=30, le=1095)


def load(settings: Settings) -> PrivacyConfig:
    """Read config/privacy.yaml. Raises ValueError."""
    text = (settings.project_root / "config" / "privacy.yaml").read_text(encoding="utf-8")
    return PrivacyConfig.model_validate(yaml.safe_load(text))


def expire(settings: Settings, actor: str) -> list[Path]:
    """Delete sealed deliveries and sealed rows older than the time of retention, and enter that in the ledger first.

    What killed runs left unfinished goes as well. Returns the sealed files deleted.
    """
    days = load(settings).retention_days
    lock = settings.data_root / ".locks" / "expire.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        expired = vault.expired((settings.vault, settings.quarantine), days)
        files.sweep(settings.data_root)
        if expired:
            names = [name_of(settings, path) for path in expired]
            ledger.append(settings, actor, "vault.expire", "vault", {"retention_days": days, "deleted": names})
        for path in expired:
            path.unlink()
    return expired
