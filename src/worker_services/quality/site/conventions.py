"""What the conventions of the dbt project excuse, and since when and by whom, as git has it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from worker_services.intervals import SHANGHAI
from worker_services.settings import Settings

RULES = Path("dbt_project") / "dbt-bouncer.yml"


@dataclass(frozen=True)
class Excluded:
    """A model that need not keep a rule. `since` and `by` are empty where the house is not a checkout of git."""

    rule: str
    model: str
    reason: str
    since: str
    by: str
    file: Path


def excused(settings: Settings) -> list[Excluded]:
    """Every exclusion of the rules' file, with the comment that stands above it."""
    file = settings.project_root / RULES
    blamed = _blame(file)
    found: list[Excluded] = []
    rule, reason, is_in, was_comment = "", "", False, False
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("#"):
            said = text.removeprefix("#").strip()
            reason = f"{reason} {said}" if was_comment else said
        elif named := re.match(r"- name: (\w+)", text):
            rule, is_in = named[1], False
        elif text in ("exclude:", "but:"):
            is_in = True
        elif text.startswith("- ") and is_in:
            model = re.sub(r"^\^.*/|\\.sql$", "", text.removeprefix("- "))
            found.append(Excluded(rule, model, reason, *blamed.get(number, ("", "")), file))
        else:
            is_in = False
        was_comment = text.startswith("#")
    return found


def last_author(file: Path) -> str:
    """Who changed a file last; empty where git cannot say."""
    return max(_blame(file).values(), default=("", ""))[1]


def _blame(file: Path) -> dict[int, tuple[str, str]]:
    """Day (Asia/Shanghai) and author of each line."""
    git = shutil.which("git")
    if git is None:
        return {}
    command = [git, "blame", "--line-porcelain", file.name]
    run = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False)  # noqa: S603
    return dict(enumerate(_authors(run.stdout), 1)) if run.returncode == 0 else {}


def _authors(porcelain: str) -> Iterator[tuple[str, str]]:
    by = since = ""
    for line in porcelain.splitlines():
        if line.startswith("author "):
            by = line.removeprefix("author ")
        elif line.startswith("author-time "):
            moment = datetime.fromtimestamp(int(line.removeprefix("author-time ")), UTC)
            since = f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"
        elif line.startswith("\t"):
            yield since, by
