"""The simulated partners, started once for all tests of this folder."""

from collections.abc import Iterator

import pytest

import simulators
from simulators.world import World, make_world


@pytest.fixture(scope="session")
def world() -> World:
    return make_world()


@pytest.fixture(scope="session")
def partners() -> Iterator[simulators.Partners]:
    with simulators.running() as running:
        yield running
