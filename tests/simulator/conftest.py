"""A simulated gateway without faults, and its clock."""

from collections.abc import Iterator

import pytest
from simulator.helpers import SettableClock

from envoy_simulator import Simulator


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def gateway(clock: SettableClock) -> Iterator[Simulator]:
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        yield gateway
