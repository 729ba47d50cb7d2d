"""YAML files of ours, read by the C library: every task of a night reads a hundred of them anew."""

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:
    """What a file says. Raises FileNotFoundError, or yaml.YAMLError with the line and the column."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=yaml.CSafeLoader)
