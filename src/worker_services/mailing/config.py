"""config/sending.yaml, typed."""

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from worker_services.settings import Settings

APPROVE, DECLINE = "同意发送", "不予发送"
"""What a person can answer when asked about an amber issue."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LateFeeds(Part):
    amber_days: int = Field(ge=1)
    red_days: int = Field(ge=1)


class HeldRows(Part):
    share: float = Field(gt=0, le=1)
    rows: int = Field(ge=1)


class RestatedFigures(Part):
    share: float = Field(ge=0)


class Jumps(Part):
    weeks: int = Field(ge=1)
    least_weeks: int = Field(ge=1)
    factor: float = Field(gt=1)
    at_least: float = Field(ge=0)
    points: float = Field(gt=0)


class GateConfig(Part):
    late_feeds: LateFeeds
    held_rows: HeldRows
    restated_figures: RestatedFigures
    jumps: Jumps


class ApprovalConfig(Part):
    wait_hours: float = Field(gt=0)


class AlertsConfig(Part):
    sender_name: str
    to: list[str] = Field(min_length=1)


class LedgerConfig(Part):
    heads_to: list[str]


class SmtpConfig(Part):
    timeout_seconds: float = Field(gt=0)
    attempts: int = Field(ge=1)
    first_pause_seconds: float = Field(ge=0)


class SendingConfig(Part):
    gate: GateConfig
    approval: ApprovalConfig
    alerts: AlertsConfig
    ledger: LedgerConfig
    smtp: SmtpConfig
    reports_url: str | None


def load_config(settings: Settings) -> SendingConfig:
    return _load(settings.project_root / "config" / "sending.yaml")


@lru_cache(maxsize=4)
def _load(path: Path) -> SendingConfig:
    return SendingConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
