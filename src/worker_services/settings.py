"""Where things lie: one project root, one data root, one reports root. And who acts there."""

import getpass
import os
from dataclasses import dataclass, field
from pathlib import Path

from worker_services.connections import Connection
from worker_services.secrets import LedgerKeys

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Roots of everything that is read or written, all absolute paths; and how what is done goes into the ledger.

    `actor` is whose doing it is where nobody else is named: by default the account of the operating system. Keys and
    database of the ledger come from the environment where they are not given. What is made again only to be compared
    lies in a house that is a `copy_of` another: it reads that one's ledger and enters nothing.
    """

    project_root: Path
    data_root: Path
    reports_root: Path
    actor: str = field(default_factory=getpass.getuser)
    ledger_keys: LedgerKeys | None = None
    ledger_database: Connection | None = None
    copy_of: "Settings | None" = None

    @classmethod
    def load(cls) -> "Settings":
        """Read WORKER_SERVICES_DATA_ROOT and WORKER_SERVICES_REPORTS_ROOT; the defaults lie in the project."""
        return cls(
            project_root=PROJECT_ROOT,
            data_root=_root("WORKER_SERVICES_DATA_ROOT", "data"),
            reports_root=_root("WORKER_SERVICES_REPORTS_ROOT", "reports"),
        )

    @property
    def is_demo(self) -> bool:
        """Whether the data root is marked as synthetic; whatever is made from it then says so."""
        return (self.data_root / "DEMO").exists()

    @property
    def landing(self) -> Path:
        return self.data_root / "landing"

    @property
    def compacted(self) -> Path:
        return self.data_root / "compacted"

    @property
    def outcomes(self) -> Path:
        return self.data_root / "outcomes"

    @property
    def quarantine(self) -> Path:
        return self.data_root / "quarantine"

    @property
    def vault(self) -> Path:
        return self.data_root / "vault"

    @property
    def quality(self) -> Path:
        return self.data_root / "quality"

    @property
    def warehouse(self) -> Path:
        return self.data_root / "warehouse"

    @property
    def builds(self) -> Path:
        return self.warehouse / "builds"


def partition(root: Path, feed: str, partner: str, last_day: object) -> Path:
    """The hive partition that everything about one night of one feed of one partner lies in."""
    return root / f"feed={feed}" / f"partner={partner}" / f"date={last_day}"


def _root(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or PROJECT_ROOT / default).resolve()
