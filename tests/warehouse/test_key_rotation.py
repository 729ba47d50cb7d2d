"""After a secret is rotated, a worker met before and after it is still one worker."""

from pathlib import Path

import duckdb
from pydantic import SecretStr

from simulators.world import Interval as SimulatedInterval
from tests.conftest import HISTORY, SATURDAY, SUNDAY
from worker_services.intervals import utc_now
from worker_services.landing import batches
from worker_services.landing.ingest import ingest
from worker_services.secrets import Secrets
from worker_services.warehouse import landing_schema

SUPPLY = ("eye_hospital", "health_services")


def under(house, *secrets: str) -> Secrets:
    """The newest secret first."""
    current, *previous = map(SecretStr, secrets)
    return house.secrets.model_copy(
        update={"worker_key_secret": current, "previous_worker_key_secrets": tuple(previous)}
    )


def distinct_workers(house, folder: Path) -> int:
    now, path = utc_now(), folder / f"{len(list(folder.iterdir()))}.duckdb"
    landing_schema.write(path, house.settings, landing_schema.known_by(house.settings, now), "build", now)
    with duckdb.connect(str(path), read_only=True) as database:
        (count,) = database.execute("select count(distinct worker_key) from landing.health_services").fetchone()
    return count


def test_old_keys_still_join(house, tmp_path):
    steps = [
        (HISTORY, under(house, "first")),
        (SATURDAY, under(house, "second", "first")),
        (SUNDAY, under(house, "third", "second", "first")),
    ]
    people: set[str] = set()
    (builds := tmp_path / "builds").mkdir()
    for interval, secrets in steps:
        outcome = ingest(house.settings, *SUPPLY, interval, house.connection(SUPPLY[0]), secrets)
        assert outcome.is_landed
        rows = house.partners.world.accepted(*SUPPLY, SimulatedInterval.parse(str(interval)))
        seen_before = people & set(rows["worker_id"])
        people |= set(rows["worker_id"])
        assert interval == HISTORY or seen_before, "nobody to join, so nothing is shown"
    landed = batches.of_feed(house.settings, *SUPPLY)
    assert len({item.worker_key_id for item in landed}) == 3
    assert [item.has_worker_key_links for item in landed] == [False, True, True]

    with duckdb.connect() as engine:
        files = [str(batches.parquet_path(house.settings, item)) for item in landed]
        (keys,) = engine.execute("select count(distinct worker_key) from read_parquet(?)", [files]).fetchone()
    assert keys > len(people), "without the links, people seen under two secrets would count twice"
    assert distinct_workers(house, builds) == len(people)
