"""Start the simulated partners: `python -m simulators --help`."""

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import sys
from pathlib import Path

from simulators.control import DEMO_INTERVALS


def main() -> int:
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the servers take over, so that nothing is left behind
    parser = argparse.ArgumentParser(prog="python -m simulators", description="Simulated partners")
    parser.add_argument("--seed", type=int, default=None, help="another synthetic city")
    parser.add_argument("--dirt-rate", type=float, default=None, help="share of rows got wrong (default 0.01)")
    parser.add_argument("--deliver", action="append", metavar="A/B", help="files that are there at the start")
    parser.add_argument("--workdir", type=Path, default=None, help="folder for SFTP roots and dirt.jsonl")
    parser.add_argument(
        "--write-environment", type=Path, default=None, metavar="FILE", help="connections, for a shell to source"
    )
    arguments = parser.parse_args()

    from simulators import database_partner, mariadb_partner  # both are made while the rest is imported

    with contextlib.ExitStack() as stack:
        database = database_partner.initialise(secrets.token_urlsafe(18))
        stack.callback(database_partner.remove, database)
        mariadb = mariadb_partner.initialise(secrets.token_urlsafe(18))
        stack.callback(mariadb_partner.remove, mariadb)
        from simulators.serve import serve
        from simulators.world import DEFAULT_DIRT_RATE, DEFAULT_SEED, Interval, make_world

        seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
        rate = DEFAULT_DIRT_RATE if arguments.dirt_rate is None else arguments.dirt_rate
        intervals = [Interval.parse(text) for text in arguments.deliver or DEMO_INTERVALS]
        world = make_world(seed, rate)
        database_partner.start(database)
        mariadb_partner.start(mariadb)
        folder = arguments.workdir or database.home / "partners"
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(serve(world, folder, database, mariadb, intervals, arguments.write_environment, parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
