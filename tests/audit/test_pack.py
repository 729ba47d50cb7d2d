"""The archive for outside auditors, checked as its README tells: with its commands alone, in a clean folder."""

import contextlib
import hashlib
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.world import Interval as Delivered
from tests.audit.conftest import WEEK, worker_keys_in
from tests.conftest import HISTORY, SATURDAY, SUNDAY, House
from tests.end_to_end import leaks
from worker_services.audit import ledger
from worker_services.audit.pack import NotPackable, Pack, pack, weeks_of
from worker_services.cli import main
from worker_services.files import sha256
from worker_services.intervals import Week
from worker_services.quality.site.issues import IssuePages
from worker_services.settings import Settings

BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PUBLIC = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
# By kind of member: where one of it lies, and the step of the README that finds a byte of it changed, also when the
# list of sums is made anew over it (which its signature tells).
KINDS = {
    "ledger": ("ledger.ndjson", 1),
    "key": ("keys/*.pem", 2),
    "record": (f"data/printed/{WEEK}/city-*.json", 3),
    "batches of a build": ("data/printed/batches/*.parquet", 3),
    "manifest": ("data/landing/**/*.json", 3),
    "outcome": ("data/outcomes/**/*.json", 3),
    "reasons": ("data/quarantine/**/*.parquet", 3),
    "checks": ("data/quality/**/*.json", 3),
    "build": ("data/warehouse/builds/*.json", 3),
    "provenance": ("data/provenance/*.json", 3),
    "PDF": ("reports/briefings/*/city.pdf", 3),
    "CSV": ("reports/briefings/*/city.figures.csv", 3),
    "page": (f"reports/quality/issues/{WEEK}/index.html", 3),
    "rows": ("rows/*/mediation_cases_concluded.csv", 6),
    "cells": ("rows/*/cells.csv", 6),
    "model": ("models/*/rpt_metric_weekly.sql", 7),
    "source": ("project/expectations/contracts/vouchers.yaml", 7),
    "catalogue": ("catalogue.json", 0),
    "README": ("README.md", 0),
}


@dataclass(frozen=True)
class Packed:
    settings: Settings
    made: Pack
    folder: Path

    @property
    def steps(self) -> list[str]:
        return BLOCK.findall((self.folder / "README.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def house(issued_house: House) -> House:
    return issued_house


@pytest.fixture(scope="module")
def packed(house: House, written: IssuePages, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    made = pack(house.settings, "2025-Q4")
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(folder)
    return Packed(house.settings, made, folder / "audit-2025-Q4")


def run(step: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-e", "-o", "pipefail", "-c", step]
    return subprocess.run(command, cwd=folder, env=PUBLIC, capture_output=True, text=True, check=False)


def test_the_commands_of_the_readme_find_nothing_wrong(packed: Packed) -> None:
    assert len(packed.steps) == 8
    said = []
    for step in packed.steps:
        done = run(step, packed.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    assert "Signature Verified Successfully" in said[0]
    assert f"{packed.made.entries} entries follow each other" in said[1]
    assert f"{packed.made.figures} figures of 2 editions are those on record" in said[4]
    cells, printed = map(int, re.findall(r"^(\d+) cells counted.* (\d+) printed figures agree", said[6])[0])
    assert cells > 300
    assert printed > 200
    assert "0 models" not in said[7]


def test_both_readmes_give_the_same_commands(packed: Packed) -> None:
    assert BLOCK.findall((packed.folder / "说明.md").read_text("utf-8")) == packed.steps


@contextlib.contextmanager
def altered(path: Path, content: bytes) -> Iterator[None]:
    """A file says something else within the block."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def place_in(kind: str, content: bytes) -> int:
    """Where a byte is to be changed: of rows and cells a digit that counts, and is wholly listed."""
    if kind == "rows":
        return content.index(b",", content.index(b"\n")) + 1
    if kind == "cells":
        line = next(line for line in content.splitlines()[1:] if line.endswith(b",0") and not line.endswith(b",0,0"))
        amount = b",".join(line.split(b",")[-3:])
        return content.index(line) + len(line) - len(amount)
    return len(content) * 2 // 3


@pytest.mark.parametrize("kind", KINDS)
def test_one_byte_that_was_changed_is_found(packed: Packed, kind: str) -> None:
    pattern, step = KINDS[kind]
    path = max(packed.folder.glob(pattern), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[place_in(kind, bytes(content))] ^= 1
    steps = packed.steps
    with altered(path, bytes(content)):
        assert run(steps[0], packed.folder).returncode, "the sums tell"
        if step:
            done = run(steps[step], packed.folder)
            assert done.returncode, f"step {step} says nothing: {done.stdout}"


def test_sums_that_were_made_anew_are_found(packed: Packed) -> None:
    """Over a changed file; by whoever has not got the key."""
    sums, steps = packed.folder / "SHA256SUMS", packed.steps
    catalogue = packed.folder / "catalogue.json"
    changed = catalogue.read_bytes() + b" "
    lines = sums.read_text("utf-8").replace(sha256(catalogue), hashlib.sha256(changed).hexdigest())
    with altered(catalogue, changed), altered(sums, lines.encode()):
        assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=packed.folder, check=True)
        assert run(steps[0], packed.folder).returncode, "their signature tells"


def test_what_was_taken_away_or_added_is_found(packed: Packed) -> None:
    more, entries = packed.folder / "rows" / str(WEEK) / "more.csv", packed.folder / "ledger.ndjson"
    more.write_text("counted_on\n", "utf-8")
    assert run(packed.steps[0], packed.folder).returncode
    more.unlink()
    assert run(packed.steps[0], packed.folder).returncode == 0
    lines = entries.read_bytes().splitlines(keepends=True)
    with altered(entries, b"".join([*lines[:5], *lines[6:]])):
        assert "does not follow" in run(packed.steps[1], packed.folder).stderr


def test_the_same_house_gives_the_same_bytes_and_the_ledger_keeps_their_hash(packed: Packed, tmp_path: Path) -> None:
    again = pack(packed.settings, "2025-Q4", tmp_path / "again.zip")
    assert again.sha256 == packed.made.sha256 == sha256(Path(packed.made.path))
    (entry,) = ledger.about(packed.settings, "audit.pack", "2025-Q4")
    assert entry.details["sha256"] == again.sha256


def test_personal_data_does_not_leave_with_it(house: House, packed: Packed) -> None:
    assert not [path for path in packed.folder.rglob("*") if path.suffix == ".age"]
    tables = {path.relative_to(packed.folder).parts[1] for path in packed.folder.rglob("*.parquet")}
    assert tables == {"printed", "quarantine"}, "names of batches, and reasons; no landed row"
    intervals = [Delivered.parse(str(interval)) for interval in (HISTORY, SATURDAY, SUNDAY)]
    people = leaks.names_delivered(house.partners.world, intervals)
    texts = [path for path in packed.folder.rglob("*") if path.is_file() and path.suffix not in (".pdf", ".parquet")]
    text = "".join(path.read_text("utf-8", errors="ignore") for path in texts)
    assert leaks.people_in(text, people) == set()
    assert worker_keys_in(text, house) == set()


@pytest.mark.parametrize(
    ("period", "first", "last", "number"),
    [
        ("2025-Q4", "2025-W40", "2025-W52", 13),
        ("2026-Q1", "2026-W01", "2026-W13", 13),
        ("2026-Q4", "2026-W40", "2026-W53", 14),
    ],
)
def test_a_week_belongs_to_the_quarter_of_its_thursday(period: str, first: str, last: str, number: int) -> None:
    weeks = weeks_of(period)
    assert (str(weeks[0]), str(weeks[-1]), len(weeks)) == (first, last, number)
    assert weeks_of("2025-W43") == [Week.parse("2025-W43")]


def test_what_cannot_be_packed_is_refused(house: House, copied: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotPackable, match=r"no issue of 2025-Q2 went out.*there are issues of 2025-W43"):
        pack(house.settings, "2025-Q2")
    monkeypatch.setenv("WORKER_SERVICES_DATA_ROOT", str(house.settings.data_root))
    told = CliRunner().invoke(main, ["audit", "pack", "2025"])
    assert told.exit_code == 2
    assert "write it like 2025-Q4" in told.output
    (record,) = (copied.settings.data_root / "printed" / str(WEEK)).glob("city-*.json")
    record.write_bytes(record.read_bytes() + b" ")
    with pytest.raises(NotPackable, match="files are not what the ledger says"):
        pack(copied.settings, "2025-W43")
