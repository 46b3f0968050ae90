"""A simulated gateway in good health, and the clock by which it goes."""

from collections.abc import Iterator

import pytest
from simulator.bench import StandingClock

from envoy_simulator import Simulator


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def gateway(clock: StandingClock) -> Iterator[Simulator]:
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        yield gateway
