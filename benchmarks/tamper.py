"""Change something behind the ledger, again and again, and count what `audit verify` finds.

    python -m benchmarks.tamper --times 200

Each time a small house (deliveries, quarantine, vault, builds, an issue that went out, the ledger) is copied, and one
thing in it is changed as somebody with the disk could; the kinds take turns, what they hit is drawn. In between, the
untouched house must show nothing. Exit code 1 on anything missed, or found where nothing was done.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import click
import pyrage
from pydantic import SecretStr

import simulators
from tests.audit import tampering
from tests.audit.whole_house import WholeHouse, copy, make_whole_house
from tests.conftest import House
from worker_services.audit import ledger
from worker_services.audit.verify import Finding, verify
from worker_services.secrets import Secrets
from worker_services.settings import PROJECT_ROOT, Settings


def findings(house: WholeHouse) -> list[Finding]:
    """As an auditor looks, with the key and the head that were had from outside."""
    return verify(house.settings, ledger.public_keys(house.settings), [house.head]).findings


@click.command()
@click.option("--times", default=200, show_default=True)
@click.option("--seed", default=20251127, show_default=True)
def main(times: int, seed: int) -> None:
    rng = random.Random(seed)
    secrets = Secrets(
        worker_key_secret=SecretStr("key of the benchmark"),
        vault_identity=SecretStr(str(pyrage.x25519.Identity.generate())),
    )
    with simulators.running() as partners, tempfile.TemporaryDirectory() as name:
        os.environ.update(partners.connections)
        folder = Path(name)
        settings = Settings(PROJECT_ROOT, folder / "whole" / "data", folder / "whole" / "reports")
        settings.data_root.mkdir(parents=True)
        (settings.data_root / "DEMO").touch()
        whole = make_whole_house(House(settings, secrets, partners))
        found, done, seen, false_alarms = Counter[str](), Counter[str](), dict[str, Counter[str]](), 0
        for time in range(times):
            false_alarms += bool(findings(whole))
            tamper = tampering.KINDS[time % len(tampering.KINDS)]
            house = copy(whole, folder / "tampered")
            what = tamper(house, rng)
            kinds = {finding.kind for finding in findings(house)}
            shutil.rmtree(folder / "tampered")
            done[tamper.__name__] += 1
            found[tamper.__name__] += bool(kinds)
            seen.setdefault(tamper.__name__, Counter()).update(kinds)
            if not kinds:
                print(f"missed: {tamper.__name__}, {what}")
    print("| tampering | done | found | as |\n|---|---|---|---|")
    for tamper in tampering.KINDS:
        name = tamper.__name__
        kinds = ", ".join(f"`{kind}`" for kind, _ in seen[name].most_common(3))
        print(f"| {name.replace('_', ' ')} | {done[name]} | {found[name]} | {kinds} |")
    print(f"| all | {done.total()} | {found.total()} | nothing found in {times - false_alarms} of {times} untouched |")
    raise SystemExit(1 if found != done or false_alarms else 0)


if __name__ == "__main__":
    main()
