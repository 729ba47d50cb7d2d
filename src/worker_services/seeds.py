"""The dbt seeds, for those who need a code, a rule or a metric by its name before the warehouse is built."""

import csv
from functools import cache

from worker_services.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"


@cache
def read_seed(name: str) -> list[dict[str, str]]:
    """Rows of one seed, such as 'rules/rules'. Raises FileNotFoundError."""
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
